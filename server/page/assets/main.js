// The check page: consent, network, equipment, one verdict.
import { byId, show, state } from './dom.js';
import { loadTexts } from './texts.js';
import { readToken } from './token.js';
import { examBegins } from './examtime.js';
import { measure } from './measuring.js';
import { testEquipment } from './equipment.js';
import { offered, rehearse } from './rehearsal.js';
import { aboutSystem } from './system.js';
import { Judge } from './judge.js';
import { factsOf } from './facts.js';
import { judgeAll } from './findings.js';
import { gradeOfOutcome, showResult } from './result.js';
import { showReceipt } from './receipt.js';
import { remember, showHistory } from './history.js';

const sections = ['start', 'network', 'equipment', ...(offered() ? ['rehearsal'] : []), 'result'];

// enter shows one section and moves the focus to its heading.
function enter(name) {
	for (const s of sections) show(s, s === name);
	if (name !== 'result') show('history', false);
	for (const item of byId('steps').children) {
		if (item.dataset.step === name) item.setAttribute('aria-current', 'step');
		else item.removeAttribute('aria-current');
	}
	byId(name).querySelector('h2').focus();
	scrollTo(0, 0);
}

// click waits for a click on one of some buttons and returns its id.
const click = (...ids) => new Promise(resolve => {
	for (const id of ids) byId(id).onclick = () => resolve(id);
});

// network measures until there is a report, or the student goes on without one.
async function network(link) {
	enter('network');
	for (;;) {
		const result = await measure(link);
		if (result.report) return result;
		const why = show('unmeasured-why', true, result.sentence);
		why.lang = result.own ? document.documentElement.lang : 'en';
		show('measuring', false);
		show('unmeasured', true);
		byId('retry').focus();
		if (await click('retry', 'onward') === 'onward') return result;
		byId('network').querySelector('h2').focus();
	}
}

// judgeDevices has the equipment tested and judged: {findings}, or {sentence} why not, and
// what was found of the camera.
async function judgeDevices(link) {
	const judge = new Judge(link);
	let devices = {};
	try {
		devices = await testEquipment(judge);
		byId('finish').disabled = true;
		return { camera: devices.camera, findings: await judge.judge(factsOf({ ...devices, about: await aboutSystem() })) };
	} catch (e) {
		return { camera: devices.camera, sentence: e.sentence ?? String(e.message ?? e) };
	} finally {
		byId('finish').disabled = false;
		judge.close();
	}
}

// run is one check from the consent to the result.
async function run(link, token) {
	const measured = await network(link);
	enter('equipment');
	const verdictOfNetwork = measured.report?.verdict ?? { outcome: 'inconclusive', sentence: measured.sentence };
	state(byId('network-line'), gradeOfOutcome[verdictOfNetwork.outcome], verdictOfNetwork.sentence);
	const equipment = await judgeDevices(link);
	if (offered()) enter('rehearsal');
	const rehearsed = offered() ? await rehearse(link, equipment.camera) : [];
	const verdict = judgeAll(measured.report?.verdict ?? { sentence: measured.sentence }, { ...equipment, findings: [...(equipment.findings ?? []), ...rehearsed] });
	showResult({ verdict, network: measured, equipment, token });
	showReceipt(measured.report);
	remember(verdict, measured.report);
	enter('result');
	showHistory();
	await click('again');
}

async function main() {
	await loadTexts();
	byId('print').onclick = () => print();
	addEventListener('beforeprint', () => document.querySelectorAll('details').forEach(d => { d.open = true; }));
	addEventListener('hashchange', () => location.reload()); // another link in the same tab
	const link = location.hash.slice(1), token = readToken(link);
	const begins = examBegins(token);
	if (begins) show('exam', true, begins);
	show('nolink', !token);
	byId('begin').disabled = !token;
	if (!token) return;
	byId('watch').href = `/watch/#${link}`;
	await click('begin');
	for (;;) await run(link, token);
}

main().catch(e => {
	show('failed', true);
	throw e;
});
