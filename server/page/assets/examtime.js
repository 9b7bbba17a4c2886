// When the exam is, and whether a check comes in time.
import { t, moment } from './texts.js';

const hour = 3600e3;
const aheadRule = 72 * hour; // of 3,600 seconds, whatever the days between are long

/** Says when the exam of a token begins, in this computer's zone and the exam's; '' if unknown. */
export function examBegins(token) {
	if (!token?.starts) return '';
	const starts = new Date(token.starts * 1e3), when = moment(starts);
	let there = when;
	try {
		there = moment(starts, token.zone || 'UTC');
	} catch { /* a zone that this browser does not know */ }
	return t(there === when ? 'exam.begins' : 'exam.begins.there', { exam: token.exam, when, there });
}

/** Says what follows from the time of a check, by the server's clock, in milliseconds. */
export function aheadOfExam(token, now) {
	if (!token?.starts) return [];
	const ahead = token.starts * 1e3 - now, hours = Math.floor(ahead / hour);
	if (ahead >= aheadRule) return [t('exam.early', { hours }), t('exam.repeat')];
	if (ahead > 0) return [t('exam.late', { hours })];
	return [t(now < token.ends * 1e3 ? 'exam.begun' : 'exam.over')];
}
