// The network step: live progress, what a screen reader hears of it, stopping.
import { byId, make, say, show } from './dom.js';
import { t, known } from './texts.js';
import { check } from './network.js';

const quiet = 5e3; // between two announcements; a check has a step a second

/** Measures the link and shows the progress. It returns {report}, or {reason, sentence}. */
export async function measure(token) {
	show('measuring', true);
	show('unmeasured', false);
	byId('done').replaceChildren();
	byId('bar').value = 0;
	byId('phase').textContent = '';
	const stop = new AbortController(), view = progressView();
	byId('stop').onclick = () => stop.abort();
	const stopped = new Promise((_, reject) => {
		stop.signal.addEventListener('abort', () => reject({ reason: 'stopped', sentence: t('network.stopped'), own: true }));
	});
	try {
		const report = await Promise.race([check({ token, progress: view.step, signal: stop.signal }), stopped]);
		say(t('network.finished'));
		return { report };
	} catch (e) {
		if (e?.sentence) return e;
		console.warn(e);
		return { reason: 'broken', sentence: t('network.broken', { detail: e?.message ?? String(e) }), own: true };
	} finally {
		view.end();
	}
}

// progressView shows steps as they come and counts the seconds down between them.
function progressView() {
	const began = performance.now();
	let ends = 0, said = -quiet;
	const phaseName = p => known(`phase.${p}`) ? t(`phase.${p}`) : p;
	const tick = () => {
		if (!ends) return;
		const now = performance.now(), left = Math.round((ends - now) / 1e3);
		byId('remaining').textContent = left > 0 ? t('network.remaining', { seconds: left }) : t('network.almost');
		byId('bar').value = Math.max(byId('bar').value, Math.min(0.99, (now - began) / (ends - began)));
	};
	const timer = setInterval(tick, 500);
	return {
		step({ phase, step, of, done, remaining_seconds: remaining }) {
			const now = performance.now();
			if (typeof remaining === 'number') ends = now + remaining * 1e3;
			tick();
			if (done) {
				byId('done').append(make('li', {}, make('span', { class: 'name' }, phaseName(phase)), make('span', { class: 'value', lang: 'en', dir: 'auto' }, done)));
				return;
			}
			const line = t('network.step', { step, of, phase: phaseName(phase) });
			byId('phase').textContent = line;
			if (now - said < quiet) return;
			said = now;
			say(line);
		},
		end() {
			clearInterval(timer);
			byId('remaining').textContent = '';
		},
	};
}
