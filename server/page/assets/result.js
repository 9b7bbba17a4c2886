// The result: one verdict, what to do, and what it rests on, worst first.
import { byId, make, show, state } from './dom.js';
import { moment, t } from './texts.js';
import { format, formatValue, good, gradeOf, nameOf, standing, worstFirst } from './figures.js';
import { adviceOf, gradeOf as gradeOfFinding, sentenceOf, subjectOf } from './findings.js';
import { aheadOfExam } from './examtime.js';

const always = ['download', 'upload', 'round-trip-delay']; // others are folded away if they are good
const clockWrong = 60; // seconds; the exam's times go by the server's clock
/** The grade of each outcome. */
export const gradeOfOutcome = { ready: 'good', marginal: 'fair', 'not ready': 'bad', inconclusive: 'none' };
const english = { lang: 'en', dir: 'auto' }; // words that come with the report

/** Shows a result: {verdict, network: {report} or {sentence}, equipment: {findings} or {sentence}, token}. */
export function showResult({ verdict, network, equipment, token }) {
	const report = network.report;
	state(byId('verdict'), gradeOfOutcome[verdict.outcome], verdict.sentence);
	show('also', false);
	const also = report ? alsoMissed(report.verdict.reasons) : '';
	if (also) show('also', true, also);
	byId('findings').replaceChildren(
		...todo(report, equipment.findings ?? []), ...(report ? networkPart(report) : []), ...equipmentPart(equipment),
		make('p', { class: 'aside' }, t('result.when', { when: moment(new Date(report?.started ?? Date.now())) })));
	byId('ahead').replaceChildren(...examPart(token, report));
}

// todo lists the remedies, each once.
function todo(report, findings) {
	const items = new Map();
	for (const r of worstFirst(report?.verdict.reasons ?? [])) {
		if (r.remedy && !items.has(r.remedy)) items.set(r.remedy, advice(nameOf(r.criterion), r.remedy, english));
	}
	for (const f of findings.filter(f => !unseen(f))) {
		if (f.advice) items.set(adviceOf(f), advice(subjectOf(f), adviceOf(f)));
	}
	const clock = report && clockWords(report.server_clock_ahead_seconds);
	if (clock) items.set(clock, make('li', {}, clock));
	return items.size ? [make('h3', {}, t('result.todo')), make('ul', { class: 'todo' }, ...items.values())] : [];
}

// advice is what to do about one thing.
function advice(name, text, attributes) {
	return make('li', {}, make('strong', { class: 'name' }, t('result.todo.name', { name })), ' ', make('span', attributes, text));
}

function clockWords(ahead) {
	if (Math.abs(ahead) < clockWrong) return '';
	const span = t('result.minutes', { minutes: Math.round(Math.abs(ahead) / 60) });
	return t(ahead > 0 ? 'result.clock.behind' : 'result.clock.ahead', { span });
}

function networkPart(report) {
	const rows = worstFirst(report.verdict.reasons), folded = rows.filter(r => good(r) && !always.includes(r.criterion));
	const list = of => make('ul', { class: 'lines' }, ...of.map(networkRow));
	const part = [make('h3', {}, t('result.network')), list(rows.filter(r => !folded.includes(r)))];
	if (folded.length) part.push(make('details', {}, make('summary', {}, t('result.more', { count: folded.length }), ' ', t('result.show')), list(folded)));
	if (report.interrupted) part.push(make('p', { class: 'panel', ...english }, t('result.interrupted', { why: report.interrupted.split(': ')[0] })));
	if (report.transport === 'websocket') part.push(make('p', { class: 'aside' }, t('result.websocket')));
	part.push(make('p', { class: 'aside' }, t('result.judged', {
		policy: report.policy.name, version: report.policy.version, seconds: Math.round(report.duration_seconds),
		megabytes: ((report.bytes_download + report.bytes_upload) / 1e6).toFixed(1),
	})));
	return part;
}

function networkRow(r) {
	const s = standing(r), minimum = r.minimum > 0 && format(r.minimum, r.unit), recommended = r.recommended > 0 && format(r.recommended, r.unit);
	let bounds = '';
	if (minimum && recommended) bounds = t('value.bounds', { minimum, recommended });
	else if (minimum) bounds = t('value.required', { minimum });
	else if (recommended) bounds = t('value.advised', { recommended });
	return make('li', {},
		make('span', { class: 'name' }, nameOf(r.criterion)), make('span', { class: 'value' }, make('bdi', {}, formatValue(r))),
		state(make('span'), gradeOf[s], t(`standing.${s}`)),
		bounds ? make('span', { class: 'aside' }, bounds) : null,
		r.why ? make('span', { class: 'aside', ...english }, r.why) : null);
}

// unseen tells what cannot be known here from what was not tested.
const unseen = f => f.status === 'not-known' && f.cause === 'unseen';

// equipmentPart lists the findings, and says where to find out what a page cannot know.
function equipmentPart({ findings, sentence }) {
	const part = [make('h3', {}, t('result.equipment'))];
	if (!findings) return [...part, make('p', { class: 'panel' }, t('equipment.unjudged', { why: sentence }))];
	if (!findings.length) return [...part, make('p', {}, t('result.unasked'))];
	part.push(make('ul', { class: 'lines' }, ...findings.filter(f => !unseen(f)).map(f =>
		make('li', {}, make('span', { class: 'name' }, subjectOf(f)), state(make('span'), gradeOfFinding[f.status], sentenceOf(f))))));
	if (findings.some(f => f.status === 'not-met' && ['system', 'tablet'].includes(f.id))) part.push(make('p', {}, t('result.holds')));
	const rest = findings.filter(unseen), places = [...new Set(rest.map(adviceOf))];
	if (rest.length) part.push(make('h3', {}, t('unseen.title')));
	for (const where of places) part.push(make('p', {}, t('unseen.line', { list: rest.filter(f => adviceOf(f) === where).map(subjectOf).join(', ') }), ' ', where));
	return part;
}

// examPart says what follows from when the exam is, by the server's clock.
function examPart(token, report) {
	return report ? aheadOfExam(token, Date.parse(report.started) + report.server_clock_ahead_seconds * 1e3).map(l => make('p', {}, l)) : [];
}

// alsoMissed names the missed minima besides the one of the sentence.
function alsoMissed(reasons) {
	const rest = reasons.filter(r => r.against_minimum === 'missed').slice(1);
	if (!rest.length) return '';
	const list = rest.map(r => t(r.unit === 'bit/s' ? 'result.also.minimum' : 'result.also.limit',
		{ name: nameOf(r.criterion), value: formatValue(r), bound: format(r.minimum, r.unit) }));
	return t('result.also', { list: list.join('; ') });
}
