// The result: one verdict, what to do, and what it rests on, worst first.
import { byId, make, show } from './dom.js';
import { moment, t } from './texts.js';
import { format, formatValue, good, lookOf, nameOf, standing, worstFirst } from './figures.js';
import { lookOf as equipmentLook } from './judging.js';
import { aheadOfExam } from './examtime.js';

const always = ['download', 'upload', 'round-trip-delay']; // others are folded away if they are good
const clockWrong = 60; // seconds; the exam's times go by the server's clock
/** The look of each outcome. */
export const lookOfOutcome = { ready: 'good', marginal: 'just', 'not ready': 'bad', inconclusive: 'unknown' };
const english = { lang: 'en', dir: 'auto' }; // words that come with the report

/** Shows a result: {verdict, network: {report} or {sentence}, lines, about, token}. */
export function showResult({ verdict, network, lines, about, token }) {
	const report = network.report;
	byId('verdict').className = `state ${lookOfOutcome[verdict.outcome]}`;
	byId('verdict').textContent = verdict.sentence;
	show('also', false);
	const also = report ? alsoMissed(report.verdict.reasons) : '';
	if (also) show('also', true, also);
	byId('findings').replaceChildren(
		...todo(report, lines), ...(report ? networkPart(report) : []), ...equipmentPart(lines), ...unseen(about),
		make('p', { class: 'aside' }, t('result.when', { when: moment(new Date(report?.started ?? Date.now())) })));
	byId('ahead').replaceChildren(...examPart(token, report));
}

// todo lists the remedies, each once.
function todo(report, lines) {
	const items = new Map();
	for (const r of worstFirst(report?.verdict.reasons ?? [])) {
		if (r.remedy && !items.has(r.remedy)) items.set(r.remedy, advice(nameOf(r.criterion), r.remedy, english));
	}
	for (const l of lines) {
		if (l.todo) items.set(l.todo, advice(t(l.what), l.todo));
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
	if (report.interrupted) part.push(make('p', { class: 'note', ...english }, t('result.interrupted', { why: report.interrupted.split(': ')[0] })));
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
		make('span', { class: 'name' }, nameOf(r.criterion)), make('span', { class: 'value' }, formatValue(r)),
		make('span', { class: `state ${lookOf[s]}` }, t(`standing.${s}`)),
		bounds ? make('span', { class: 'aside' }, bounds) : null,
		r.why ? make('span', { class: 'aside', ...english }, r.why) : null);
}

function equipmentPart(lines) {
	return [make('h3', {}, t('result.equipment')), make('ul', { class: 'lines' }, ...lines.map(l =>
		make('li', {}, make('span', { class: 'name' }, t(l.what)), make('span', { class: `state ${equipmentLook[l.standing]}` }, l.text))))];
}

// unseen says what only a program can know, and names it.
function unseen(about) {
	const keys = ['memory', 'machine', ...(about.system?.name === 'Windows' ? ['mode'] : [])];
	return [make('h3', {}, t('unseen.title')), make('ul', {}, ...keys.map(k => make('li', {}, t(`unseen.${k}`)))),
		make('p', {}, t('unseen.command'), ' ', make('code', {}, 'examlink check'))];
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
