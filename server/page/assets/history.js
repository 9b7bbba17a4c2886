// The last checks in this browser. They stay in it.
import { byId, make, say, show } from './dom.js';
import { known, moment, t } from './texts.js';
import { format } from './figures.js';

const key = 'examlink.checks';
const most = 20; // checks
const parts = ['night', 'morning', 'afternoon', 'evening']; // of 6 hours each
const enough = 3; // checks in a part of the day
const standsOut = 1.2; // times the other's headroom

/** The checks that are kept, the latest first. What is damaged counts for nothing. */
export function readHistory() {
	try {
		const all = JSON.parse(localStorage.getItem(key) ?? '[]');
		return Array.isArray(all) ? all.filter(c => c && Number.isFinite(Date.parse(c.at)) && known(`outcome.${c.outcome}`)).slice(0, most) : [];
	} catch {
		return []; // no storage, or not ours
	}
}

/** Keeps a check. */
export function remember(verdict, report, now = new Date()) {
	const check = { at: now.toISOString(), outcome: verdict.outcome };
	for (const r of report?.verdict.reasons ?? []) {
		const value = r.value ?? r.low;
		if (value === null || value === undefined) continue;
		if (r.criterion === 'download') Object.assign(check, { down: value, down_times: value / r.minimum });
		if (r.criterion === 'upload') Object.assign(check, { up: value, up_times: value / r.minimum });
		if (r.criterion === 'round-trip-delay') check.delay = value;
	}
	try {
		localStorage.setItem(key, JSON.stringify([check, ...readHistory()].slice(0, most)));
	} catch { /* no storage: nothing is kept */ }
}

/** Which parts of the day were best and worst: {best, worst}, {even: true}, or {} if that is not known. */
export function bestTime(checks) {
	const rooms = parts.map(() => []);
	for (const c of checks) {
		if (c.down_times > 0 && c.up_times > 0) rooms[Math.floor(new Date(c.at).getHours() / 6)].push(Math.min(c.down_times, c.up_times));
	}
	const rated = rooms.map((r, i) => ({ part: parts[i], checks: r.length, room: r.sort((a, b) => a - b)[Math.floor((r.length - 1) / 2)] }))
		.filter(r => r.checks >= enough).sort((a, b) => b.room - a.room);
	if (rated.length < 2) return {};
	const best = rated[0], worst = rated.at(-1);
	return best.room >= standsOut * worst.room ? { best: best.part, worst: worst.part } : { even: true };
}

/** Shows the list, with a button that clears it. */
export function showHistory() {
	const checks = readHistory(), figure = (v, unit) => v === undefined ? t('value.unknown') : format(v, unit);
	show('history', checks.length > 0);
	byId('history-list').replaceChildren(...checks.map(c => make('li', {},
		make('span', {}, t('history.line', { when: moment(new Date(c.at)), verdict: t(`outcome.${c.outcome}`) })),
		make('span', { class: 'aside' }, t('history.figures', { down: figure(c.down, 'bit/s'), up: figure(c.up, 'bit/s'), delay: figure(c.delay, 's') })))));
	const { best, worst, even } = bestTime(checks);
	byId('history-best').textContent = best ? t('history.best', { best: t(`history.${best}`), worst: t(`history.${worst}`) }) : t(even ? 'history.even' : 'history.few');
	byId('clear').onclick = () => {
		localStorage.removeItem(key);
		show('history', false);
		say(t('history.cleared'));
		byId('again').focus();
	};
}
