// Sends a train, by the rules of the program's own sender.

import { command, headerSize, kind, nanoseconds, packet, stage } from './packets.js';

// Chosen by us; ms.
const grace = 300;
const lagMost = 10;
const coarse = 6; // a timer may be as late as this
const endPackets = 3;
const endInterval = 5;
const unheardFirst = 5000;
const unheard = 2000;
const leaveTime = 1000;
const most = 4096; // packets of one message
const none = 0xffffffff;
const ipHeaders = 28; // bytes

const channel = new MessageChannel();
let turns = [];
channel.port1.onmessage = () => {
	const due = turns;
	turns = [];
	for (const resolve of due) resolve();
};

// turn lets other events happen; it takes microseconds where a timer takes milliseconds.
function turn() {
	return new Promise((resolve) => {
		turns.push(resolve);
		channel.port2.postMessage(0);
	});
}

async function until(at) {
	for (;;) {
		const left = at - performance.now();
		if (left <= 0) return;
		if (left > coarse) await new Promise((resolve) => setTimeout(resolve, left - coarse));
		else await turn();
	}
}

// sendTrain begins a train; request is the server's. The result takes its feedback.
export function sendTrain(line, flow, request, send) {
	const r = {
		train: request.train, primeRate: request.prime_rate, primeBytes: request.prime_bytes ?? 0,
		holdRate: request.hold_rate ?? 0, holdFirst: request.hold_first ?? 0, holdTime: (request.hold_time ?? 0) / 1e6,
		maxBytes: request.max_bytes ?? 0, size: request.packet_size,
	};
	const train = new Train(line, flow, r);
	train.run().then(() => account(train, send));
	return train;
}

// account tells the server when the packets left the browser.
async function account(train, send) {
	const due = performance.now() + leaveTime;
	while (train.leaving > 0 && performance.now() < due) await new Promise((resolve) => setTimeout(resolve, 5));
	const now = performance.now();
	const at = Array.from(train.left, (t) => (t === undefined ? none : Math.round((now - t) * 1000)));
	let first = 0;
	do {
		const ended = first + most >= at.length;
		send({ type: 'arrivals', arrivals: { train: train.request.train, now: Math.round(now * 1000), first, at: at.slice(first, first + most), ended } });
		first += most;
	} while (first < at.length);
}

let sequence = 0;

class Train {
	constructor(line, flow, request) {
		this.line = line;
		this.flow = flow;
		this.request = request;
		this.latest = { rate: 0, command: 0 };
		this.heardAt = 0;
		this.left = []; // by index: when the packet left the browser
		this.leaving = 0;
	}

	feedback(f) {
		if (f.train !== this.request.train) return;
		this.heardAt = performance.now();
		if (f.command >= this.latest.command) this.latest = f;
	}

	stop() { this.latest = { ...this.latest, command: command.stop }; }

	// holdRate is the agreed rate, or the receiver's reading if that is lower.
	holdRate() {
		const r = this.request;
		const slowest = 8 * (r.size + ipHeaders);
		const read = this.latest.rate;
		if (r.holdRate > 0 && read > 0) return Math.max(Math.min(r.holdRate, read), slowest);
		if (r.holdFirst > 0) return Math.max(r.holdFirst, slowest);
		if (r.holdRate > 0) return r.holdRate;
		if (read > 0) return Math.max(Math.min(read, r.primeRate), slowest);
		return r.primeRate / 2;
	}

	silent(start) {
		const now = performance.now();
		return this.heardAt ? now - this.heardAt > unheard : now - start > unheardFirst;
	}

	packet(size, index, phase) {
		const { bytes, body } = packet(kind.train, this.flow, ++sequence, size);
		body.setUint32(0, this.request.train);
		body.setUint32(4, index);
		body.setBigUint64(8, nanoseconds(performance.now()));
		body.setUint8(16, phase);
		return { bytes, body };
	}

	async run() {
		const r = this.request;
		const size = r.size + ipHeaders;
		const start = performance.now();
		let rate = r.primeRate;
		let phase = stage.prime;
		let next = start;
		let end = Infinity;
		let settled = false;
		let sent = 0;
		let skipped = 0;
		let index = 0;
		for (; ; index++) {
			await until(next);
			const now = performance.now();
			if (this.latest.command === command.stop || sent + size > r.maxBytes || (phase === stage.hold && now >= end) || this.silent(start)) break;
			if (phase === stage.prime && (this.latest.command === command.hold || sent >= r.primeBytes)) {
				phase = stage.hold;
				end = now + grace;
				rate = this.holdRate();
				next = now;
			}
			if (phase === stage.hold && this.latest.command === command.hold) {
				if (!settled) {
					settled = true;
					end = now + r.holdTime;
				}
				rate = this.holdRate();
			}
			const i = index;
			this.leaving++;
			this.line.send(this.packet(r.size, index, phase).bytes, () => {
				this.leaving--;
				this.left[i] = performance.now();
			});
			sent += size;
			next += size * 8000 / rate;
			if (now - next > lagMost) {
				skipped += now - next;
				next = now;
			}
		}
		const whole = performance.now();
		for (let k = 0; k < endPackets; k++) {
			await until(whole + k * endInterval);
			const { bytes, body } = this.packet(headerSize, index, stage.end);
			body.setUint32(20, Math.round(skipped * 1000));
			body.setUint32(28, index);
			this.line.send(bytes);
		}
	}
}
