// The equipment against its requirements. Pure: facts in, lines out.
import { t } from './texts.js';

/**
 * One line of equipment: what it is, how it stands (met, below, missed, unclear or
 * unknown, which does not count), in words, and what to do.
 */
function line(what, standing, key, values = {}, todo) {
	return { what, standing, text: t(key, values), todo: todo ? t(todo, values) : '' };
}

/** The lines of all equipment. facts: {camera, microphone, about}. */
export function judgeEquipment(needs, { camera, microphone, about }) {
	return [judgeCamera(needs.camera, camera), judgeMicrophone(microphone), judgeBrowser(needs.browsers, about.browser), judgeSystem(needs, about), judgeMemory(needs.memory, about.memory_gb)];
}

/** The line of a camera with its {state, width, height}. */
export function judgeCamera(needs, { state, width, height }) {
	if (state === 'starting') return line('camera', 'unclear', 'camera.starting', {}, 'camera.untested.todo');
	if (state === 'untested') return line('camera', 'unclear', 'camera.untested', {}, 'camera.untested.todo');
	if (state !== 'live') return line('camera', 'missed', `camera.${state}`, {}, `camera.${state}.todo`);
	const size = ([w, h]) => `${w}\u00a0×\u00a0${h}`, reaches = ([w, h]) => Math.max(width, height) >= w && Math.min(width, height) >= h;
	const values = { width, height, needed: size(needs.minimum), advised: size(needs.recommended) };
	if (!reaches(needs.minimum)) return line('camera', 'missed', 'camera.small', values, 'camera.small.todo');
	if (!reaches(needs.recommended)) return line('camera', 'below', 'camera.plain', values, 'camera.plain.todo');
	return line('camera', 'met', 'camera.good', values);
}

/** The line of a microphone with its {state}. */
export function judgeMicrophone({ state }) {
	if (state === 'good') return line('microphone', 'met', 'microphone.good');
	if (state === 'starting') return line('microphone', 'unclear', 'microphone.starting', {}, 'microphone.untested.todo');
	if (state === 'untested') return line('microphone', 'unclear', 'microphone.untested', {}, 'microphone.untested.todo');
	return line('microphone', state === 'clipping' ? 'below' : 'missed', `microphone.${state}`, {}, `microphone.${state}.todo`);
}

function judgeBrowser(accepted, browser) {
	if (!browser) return line('browser', 'unknown', 'browser.unknown');
	const name = browser.name === 'Chromium' ? 'Chrome' : browser.name;
	if (!accepted.length || accepted.includes(name)) return line('browser', 'met', 'browser.good', browser);
	return line('browser', 'missed', 'browser.other', { name: browser.name, accepted: accepted.join(', '), first: accepted[0] }, 'browser.other.todo');
}

function judgeSystem(needs, { system, kind }) {
	if (needs.refused.includes(kind)) return line('system', 'missed', `system.${kind}`, {}, 'system.refused.todo');
	if (!system) return line('system', 'unknown', 'system.unnamed');
	const bounds = needs.systems[system.name];
	if (!system.version || !bounds) return line('system', 'unknown', 'system.unknown', { name: system.name });
	const values = { name: `${system.name} ${system.version}`, needed: bounds.minimum, advised: bounds.recommended };
	const version = system.version === 'Vista' ? '6' : system.version;
	if (earlier(version, bounds.minimum)) return line('system', 'missed', 'system.old', values, 'system.old.todo');
	if (earlier(version, bounds.recommended)) return line('system', 'below', 'system.plain', values, 'system.plain.todo');
	return line('system', 'met', 'system.good', values);
}

// earlier compares versions part by part.
function earlier(a, b) {
	const x = a.split('.').map(Number), y = b.split('.').map(Number);
	for (let i = 0; i < Math.max(x.length, y.length); i++) {
		if ((x[i] ?? 0) !== (y[i] ?? 0)) return (x[i] ?? 0) < (y[i] ?? 0);
	}
	return false;
}

// Browsers round the memory to a power of two and tell no more than 8 or 32 GB.
function judgeMemory(needs, size) {
	if (!size) return line('memory', 'unknown', 'memory.unknown');
	const values = { size, needed: needs.minimum_mb / 1024 };
	if (size * 1024 >= 2 * needs.minimum_mb) return line('memory', 'met', 'memory.good', values);
	return line('memory', 'unknown', 'memory.close', values);
}

/** The look of each standing. */
export const lookOf = { met: 'good', below: 'just', missed: 'bad', unclear: 'unknown', unknown: 'unknown' };

/**
 * One verdict on network and equipment: {outcome, sentence}. network is the verdict of
 * the report, or the sentence that says why there is none.
 */
export function judgeAll(network, lines) {
	const first = s => lines.find(l => l.standing === s), of = (key, l) => t(key, { line: l.text });
	if (network.outcome === 'not ready') return network;
	if (first('missed')) return { outcome: 'not ready', sentence: of('verdict.missed', first('missed')) };
	if (!network.outcome) return { outcome: 'inconclusive', sentence: t('verdict.unmeasured', { line: network.sentence }) };
	if (network.outcome === 'inconclusive') return network;
	if (first('unclear')) return { outcome: 'inconclusive', sentence: of('verdict.unclear', first('unclear')) };
	if (network.outcome === 'ready' && first('below')) return { outcome: 'marginal', sentence: of('verdict.below', first('below')) };
	return network;
}
