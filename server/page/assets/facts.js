// What was found, in the form in which the server judges it: examlink.equipment-facts/1.
// Pure. Only what is named here leaves the computer: no picture, no sound, no device's name.

const schema = 'examlink.equipment-facts/1';
const systems = { Windows: 'windows', macOS: 'macos', 'Chrome OS': 'chromeos', 'Chromium OS': 'chromeos', Linux: 'linux', Android: 'android', iOS: 'ios', iPadOS: 'ipados' };

const printable = (s, most) => String(s).replace(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, '').slice(0, most);

/**
 * Facts of devices, as watchCamera and watchMicrophone tell them, and of the computer, as
 * aboutSystem does. What is undefined is not known.
 */
export function factsOf({ camera, microphone, about = {} }) {
	const { browser, system, kind, memory_gb: memory } = about;
	const facts = { schema, by: 'page' };
	if (system) {
		facts.system = { name: systems[system.name] ?? printable(system.name, 30).toLowerCase() };
		if (system.version) facts.system.version = printable(system.version, 30);
		if (system.or_newer) facts.system.or_newer = true;
		if (system.hint) facts.system.hint = printable(system.hint, 30);
	}
	if (memory) facts.memory = { rounded_gibibytes: memory };
	if (kind) facts.tablet = kind === 'tablet';
	if (browser) facts.browser = { name: printable(browser.name, 30).toLowerCase(), version: printable(browser.version ?? '', 30) };
	if (camera?.access) facts.webcam = pick(camera, 'access', 'width', 'height', 'frames', 'black', 'frozen');
	if (microphone?.access) facts.microphone = pick(microphone, 'access', 'level_dbfs', 'silent', 'clipping');
	return facts;
}

const pick = (o, ...names) => Object.fromEntries(names.filter(n => o[n] !== undefined).map(n => [n, o[n]]));
