// The rehearsal: webcam and screen are sent to the exam's server as an exam sends them, for
// some seconds. The server counts what arrives and keeps nothing.
import { byId, make, say, show, state } from './dom.js';
import { t } from './texts.js';
import { close, open } from './devices.js';
import { format } from './figures.js';
import { gradeOf } from './findings.js';
import { openLine } from './line.js';
import { connect } from './sending.js';

const controlVersion = 2;
// A rehearsal imitates an exam, and its own program may do better: by itself it makes no link
// unfit. What is not known does not count.
const counts = { met: 'met', 'only-just': 'only-just', 'not-met': 'only-just' };

/** Whether the server offers a rehearsal. */
export const offered = () => Boolean(byId('rehearsal'));

/**
 * Runs the step. It resolves to its findings for the verdict when the rehearsal is over or
 * left out. camera is what was found of the camera.
 */
export async function rehearse(token, camera) {
	byId('rehearsal-part').replaceChildren();
	show('rehearsal-note', false);
	for (let again = false; ; again = true) {
		show('rehearsal-ask', true);
		show('rehearsing', false);
		if (again) byId('rehearse').focus();
		const sources = await choice(camera);
		if (!sources) return showPart([], t('rehearsal.skipped'));
		show('rehearsal-ask', false);
		show('rehearsing', true);
		byId('rehearsal-stop').focus();
		const end = await run(token, sources);
		sources.forEach(s => close(s.stream));
		if (end.findings) {
			say(t('rehearsal.finished'));
			return showPart(end.findings, sources.note);
		}
		if (end.final) return showPart([], end.words);
		show('rehearsal-note', true, end.words);
	}
}

// choice waits until the student starts or goes on without; it resolves to the sources, each
// {kind, stream}, or nothing.
function choice(camera) {
	return new Promise(resolve => {
		let left = false;
		byId('rehearsal-skip').onclick = () => {
			left = true;
			resolve();
		};
		byId('rehearse').onclick = async () => {
			byId('rehearse').disabled = true;
			const screen = await shareScreen(); // first: browsers ask only just after a click
			const webcam = camera?.access === 'granted' ? await openCamera() : null;
			byId('rehearse').disabled = false;
			const sources = [{ kind: 'webcam', stream: webcam }, { kind: 'screen', stream: screen }].filter(s => s.stream);
			if (left) return sources.forEach(s => close(s.stream)); // before the browser's question was answered
			sources.note = screen ? '' : t(navigator.mediaDevices?.getDisplayMedia ? 'rehearsal.noscreen' : 'rehearsal.unable');
			if (sources.length) resolve(sources);
			else show('rehearsal-note', true, t('rehearsal.nothing'));
		};
	});
}

async function shareScreen() {
	try {
		return await navigator.mediaDevices.getDisplayMedia({
			video: { displaySurface: 'monitor', width: { max: 1280 }, height: { max: 720 }, frameRate: { max: 5 } }, audio: false,
		});
	} catch {
		return null; // refused, or the browser cannot
	}
}

const openCamera = () => open('camera', byId('camera-choice').value).catch(() => null);

// run sends until the server has its result. It resolves to {findings}, or to {words} that
// say why there are none; final: another try would not help.
function run(token, sources) {
	const view = progress();
	let line, peer, answered = false, done = false;
	return new Promise(resolve => {
		const end = result => {
			if (done) return;
			done = true;
			view.end();
			peer?.close();
			line?.close();
			resolve(result);
		};
		byId('rehearsal-stop').onclick = () => end({ words: t('rehearsal.stopped') });
		for (const s of sources) s.stream.getVideoTracks()[0].onended = () => end({ words: t('rehearsal.ended') });
		const take = async ({ type, rehearsal: r, refused }) => {
			if (type === 'refused') end({ words: t('rehearsal.refused', { detail: refused.detail || refused.reason }) });
			else if (r?.answer) {
				answered = true;
				await peer.accept(r.answer, r.plan);
				view.begin(r.plan.duration_seconds);
			} else if (r?.second) view.second(r.second);
			else if (r?.over) line.control({ v: controlVersion, type: 'rehearsed', rehearsed: await peer.counted() });
			else if (r?.result) end(r.result);
			else if (r?.failed) end(r.failed === 'unconnected' ? { words: t('rehearsal.blocked'), final: true } : { words: t('rehearsal.cut') });
		};
		const broken = e => {
			console.warn(e);
			end({ words: t('rehearsal.cut') });
		};
		(async () => {
			peer = await connect(sources);
			line = await openLine(location.origin, document.documentElement.dataset.certificate);
			if (done) return line.close();
			line.onmessage = m => take(m).catch(broken);
			line.onend = () => end({ words: t(answered ? 'rehearsal.cut' : 'rehearsal.unreached') });
			const { offer, streams } = peer;
			line.control({ v: controlVersion, type: 'rehearse', id: 1, rehearse: { token, server: `${location.hostname}:${location.port || 443}`, offer, streams } });
		})().catch(broken);
	});
}

// progress shows the seconds that are left and what arrives.
function progress() {
	let ends = 0, began = 0;
	byId('rehearsal-state').textContent = t('rehearsal.connecting');
	byId('rehearsal-left').textContent = '';
	byId('rehearsal-arrived').replaceChildren();
	byId('rehearsal-bar').removeAttribute('value');
	const tick = () => {
		if (!ends) return;
		const now = performance.now(), left = Math.ceil((ends - now) / 1e3);
		byId('rehearsal-left').textContent = left > 0 ? t('network.remaining', { seconds: left }) : t('network.almost');
		byId('rehearsal-bar').value = Math.min(0.99, (now - began) / (ends - began));
	};
	const timer = setInterval(tick, 250);
	let seconds = 0;
	return {
		begin(s) { seconds = s; },
		second(list) {
			if (!ends) {
				began = performance.now() - 1e3;
				ends = began + seconds * 1e3;
				byId('rehearsal-state').textContent = t('rehearsal.sending');
			}
			byId('rehearsal-arrived').replaceChildren(...list.map(f => make('li', {},
				make('span', { class: 'name' }, t(`rehearsal.${f.kind}`)), make('span', { class: 'value' }, arrived(f)))));
			tick();
		},
		end: () => clearInterval(timer),
	};
}

function arrived(f) {
	const values = { width: f.width, height: f.height, frames: Math.round(f.frames_per_second), rate: format(f.bits_per_second, 'bit/s') };
	return f.width ? t('rehearsal.arrived', values) : format(f.bits_per_second, 'bit/s');
}

// showPart puts the findings into the result, and returns the lines for the verdict.
function showPart(findings, note) {
	const english = { lang: 'en', dir: 'auto' }; // words that come from the server
	const told = new Set();
	const rows = findings.map(f => {
		const remedy = f.remedy && !told.has(f.remedy) && told.add(f.remedy) ? make('span', { class: 'aside' }, f.remedy) : null; // each once
		return make('li', { class: 'finding', ...english }, state(make('span'), gradeOf[f.status], f.sentence), remedy);
	});
	byId('rehearsal-part').replaceChildren(make('h3', {}, t('rehearsal.part')), make('p', { class: 'aside' }, t(findings.length ? 'rehearsal.how' : 'rehearsal.none')),
		...(note ? [make('p', {}, note)] : []), make('ul', { class: 'lines' }, ...rows));
	return findings.map(f => ({ id: 'rehearsal', status: counts[f.status] ?? 'not-known', sentence: f.sentence }));
}
