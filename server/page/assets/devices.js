// Cameras and microphones: asking for them, their names, the choice between them.
import { make } from './dom.js';
import { t } from './texts.js';

const wanted = {
	camera: { width: { ideal: 1280 }, height: { ideal: 720 } },
	microphone: { echoCancellation: false, noiseSuppression: false, autoGainControl: false }, // the level as it is
};
const kinds = { camera: ['video', 'videoinput'], microphone: ['audio', 'audioinput'] };

/** Why a device did not start: missing, denied or failed. */
export function accessOf(error) {
	switch (error?.name) {
	case 'NotFoundError': case 'OverconstrainedError': case 'TypeError': return 'missing';
	case 'NotAllowedError': case 'SecurityError': return 'denied';
	}
	return 'failed';
}

/** Starts one device, by its id or any. It returns its stream. */
export function open(kind, id) {
	const constraints = id ? { ...wanted[kind], deviceId: { exact: id } } : wanted[kind];
	return navigator.mediaDevices.getUserMedia({ [kinds[kind][0]]: constraints });
}

/**
 * Starts a camera and a microphone with one question of the browser, or each by itself
 * if not both can be had. Each of the results is a stream or an error.
 */
export async function openBoth() {
	if (!navigator.mediaDevices?.getUserMedia) {
		const error = new DOMException('', 'NotFoundError');
		return { camera: error, microphone: error };
	}
	try {
		const both = await navigator.mediaDevices.getUserMedia({ video: wanted.camera, audio: wanted.microphone });
		return { camera: new MediaStream(both.getVideoTracks()), microphone: new MediaStream(both.getAudioTracks()) };
	} catch (error) {
		const refused = error.name === 'NotAllowedError' ? await refusals() : [];
		const each = kind => refused.includes(kind) ? error : open(kind).catch(e => e);
		const camera = await each('camera');
		return { camera, microphone: await each('microphone') };
	}
}

// refusals lists what need not be asked for again: what was refused, or both if the
// question was closed without an answer.
async function refusals() {
	const names = ['camera', 'microphone'];
	const states = await Promise.all(names.map(name => navigator.permissions?.query({ name }).then(s => s.state, () => undefined)));
	return states.every(s => s === 'prompt') ? names : names.filter((_, i) => states[i] === 'denied');
}

/** Ends a stream, so that the device's light goes out. */
export function close(stream) {
	for (const track of stream?.getTracks?.() ?? []) track.stop();
}

/** Fills a select element with the devices of a kind, by name. */
export async function listDevices(select, kind, current) {
	const all = (await navigator.mediaDevices?.enumerateDevices?.() ?? []).filter(d => d.kind === kinds[kind][1] && d.deviceId);
	select.replaceChildren(...all.map((d, i) =>
		make('option', { value: d.deviceId }, d.label || t('equipment.unnamed', { kind: t(kind), number: i + 1 }))));
	select.value = current ?? '';
	select.closest('p').hidden = all.length === 0;
}
