// The worker of a check: it connects, answers what the server sends, and hands on its
// progress.

import { openLine } from './line.js';
import { Reflector } from './reflector.js';
import { sendTrain } from './train.js';

const controlVersion = 2;

self.onmessage = async ({ data }) => {
	try {
		await run(data);
	} catch (e) {
		self.postMessage({ failed: e.reason ?? 'failed', sentence: e.sentence ?? String(e.message ?? e) });
	}
};

async function run({ token, origin, certificate, system }) {
	const line = await openLine(origin, certificate);
	const send = (m) => line.control({ v: controlVersion, ...m });
	const reflector = new Reflector(line, send);
	let flow = 0;
	let train = null;
	let over = false;
	const ended = new Promise((resolve, reject) => {
		line.onpacket = (bytes, at) => {
			const feedback = reflector.packet(bytes, at);
			if (feedback) train?.feedback(feedback);
		};
		line.onmessage = (m) => {
			switch (m.type) {
				case 'welcome':
					flow = m.welcome.flow;
					break;
				case 'refused':
					reject({ reason: m.refused.reason, sentence: m.refused.detail || m.refused.reason });
					break;
				case 'train-request':
					train?.stop();
					train = null;
					if (m.train_request.direction === 'up') train = sendTrain(line, flow, m.train_request, send);
					else reflector.expect(m.train_request.train);
					break;
				case 'progress':
					over = tell(m.progress);
					if (over) resolve();
					break;
			}
		};
		line.onend = () => over || reject({ reason: 'closed', sentence: 'The connection to the server ended before the check was complete.' });
	});
	send({
		type: 'hello', id: 1,
		hello: { token, client: 'page', system: system.slice(0, 64), purpose: 'check', time: new Date().toISOString(), no_exporter: true, led: true, without: line.without },
	});
	await ended;
	send({ type: 'bye', bye: { reason: 'done' } });
	setTimeout(() => line.close(), 200);
}

// tell hands a step on; it returns whether the check is over.
function tell(p) {
	if (p.failed) throw { reason: 'failed', sentence: p.failed };
	if (p.report) {
		self.postMessage({ report: p.report });
		return true;
	}
	self.postMessage({ progress: p });
	return false;
}
