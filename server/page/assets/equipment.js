// The equipment step: live picture and level, the line of each device, the choice.
import { byId, show } from './dom.js';
import { t } from './texts.js';
import { accessOf, close, listDevices, open, openBoth } from './devices.js';
import { watchCamera } from './camera.js';
import { watchMicrophone } from './microphone.js';
import { deviceLine } from './deviceline.js';

const refresh = 250; // ms between two looks at the states

/** Runs the step. It resolves to what was found, {camera, microphone}, when the student is done or goes on without. */
export function testEquipment(judge) {
	show('ask', true);
	show('devices', false);
	return new Promise(resolve => {
		let skipped = false;
		byId('skip').onclick = () => {
			skipped = true;
			resolve({});
		};
		byId('turn-on').onclick = async () => {
			byId('turn-on').disabled = true;
			const got = await openBoth();
			byId('turn-on').disabled = false;
			if (skipped) { // before the browser's question was answered
				close(got.camera);
				close(got.microphone);
				return;
			}
			show('ask', false);
			show('devices', true);
			const camera = device('camera', got.camera, judge), microphone = device('microphone', got.microphone, judge);
			byId('camera-choice').focus();
			const timer = setInterval(() => { camera.refresh(); microphone.refresh(); }, refresh);
			byId('finish').onclick = () => {
				clearInterval(timer);
				const facts = { camera: camera.facts(), microphone: microphone.facts() };
				camera.stop();
				microphone.stop();
				resolve(facts);
			};
		};
	});
}

// start watches a stream of a kind.
const start = {
	camera: stream => watchCamera(byId('picture'), stream),
	microphone: stream => watchMicrophone(stream, level => { byId('level').value = level; }),
};

// device shows one device and lets the student choose another one. got is a stream, or
// the error why there is none.
function device(kind, got, judge) {
	const choice = byId(`${kind}-choice`), line = deviceLine(kind, judge);
	let watch = null, stream = null, failed = null, turn = 0;
	const use = what => {
		if (what instanceof MediaStream) {
			stream = what;
			failed = null;
			stream.getTracks()[0].onended = () => { // unplugged, or taken away
				stop();
				fail('missing');
			};
			watch = start[kind](stream);
			if (kind === 'camera') show('picture', true);
		} else fail(accessOf(what));
		list();
	};
	const fail = access => {
		failed = { access };
		if (kind === 'camera') show('picture', false);
	};
	const list = () => {
		listDevices(choice, kind, stream?.getTracks()[0]?.getSettings().deviceId);
	};
	const stop = () => {
		watch?.stop();
		close(stream);
		watch = stream = null;
	};
	const facts = () => failed ?? watch?.facts() ?? {};
	navigator.mediaDevices?.addEventListener('devicechange', list);
	choice.onchange = async () => {
		const mine = ++turn;
		stop();
		const next = await open(kind, choice.value).catch(e => e);
		if (mine === turn) use(next);
		else close(next);
	};
	use(got);
	return {
		facts,
		stop() {
			navigator.mediaDevices?.removeEventListener('devicechange', list);
			stop();
		},
		refresh() {
			const f = facts();
			line.refresh(f);
			if (kind === 'camera') {
				show('frames', Boolean(f.frames), f.frames ? t('equipment.frames', { ...f, rate: watch?.rate() ?? 0 }) : '');
			}
		},
	};
}
