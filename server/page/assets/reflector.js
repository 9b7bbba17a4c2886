// Answers the server's packets: probes are reflected, arrivals of trains are reported.

import { headerSize, kind, nanoseconds, packet, smallest, stage } from './packets.js';

const flushEvery = 30; // ms; chosen by us
const most = 4096; // packets of one message
const none = 0xffffffff;
const all = (1n << 64n) - 1n;

const tickEvery = 5; // ms; chosen by us
const recent = 15; // ms for which a late tick counts

// Lag tells how late this worker is to handle events, by its own timer.
class Lag {
	constructor() {
		this.last = performance.now();
		this.late = 0;
		this.timer = setInterval(() => {
			const now = performance.now();
			this.late = now - this.last - tickEvery;
			this.last = now;
		}, tickEvery);
	}

	// at returns the lag at a time, ms.
	at(now) {
		const since = now - this.last;
		return Math.max(0, since - tickEvery, since < recent ? this.late : 0);
	}
}

export class Reflector {
	constructor(line, send) {
		this.lag = new Lag();
		this.line = line;
		this.send = send;
		this.count = 0;
		this.highest = 0n;
		this.window = 0n; // bit i: the probe i before the highest has arrived
		this.train = 0;
	}

	// end stops the timers.
	end() {
		clearInterval(this.lag.timer);
		clearTimeout(this.timer);
	}

	// packet handles a packet that arrived at a time, ms; it returns feedback on a train
	// going up, if it is some.
	packet(bytes, at) {
		if (bytes.length < smallest) return null;
		const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
		const body = new DataView(bytes.buffer, bytes.byteOffset + headerSize, bytes.length - headerSize);
		switch (bytes[0]) {
			case kind.probe:
				this.reflect(view.getUint32(4), view.getBigUint64(8), bytes.length, at);
				return null;
			case kind.train:
				this.arrived(body, at);
				return null;
			case kind.feedback:
				return { train: body.getUint32(0), rate: Number(body.getBigUint64(16)), command: body.getUint8(24) };
		}
		return null;
	}

	reflect(flow, seq, size, at) {
		if (seq > this.highest) {
			this.window = this.highest === 0n ? 1n : ((this.window << (seq - this.highest)) | 1n) & all;
			this.highest = seq;
			this.count++;
		} else {
			const bit = 1n << (this.highest - seq);
			if (this.highest - seq < 64n && !(this.window & bit)) {
				this.window |= bit;
				this.count++;
			}
		}
		const { bytes, body } = packet(kind.echo, flow, seq, size);
		body.setBigUint64(0, nanoseconds(at));
		body.setBigUint64(16, BigInt(this.count));
		body.setBigUint64(24, this.window >> (this.highest - seq));
		body.setUint32(32, Math.round(this.lag.at(at) * 1000));
		body.setUint32(8, Math.round((performance.now() - at) * 1e6));
		this.line.send(bytes);
	}

	// expect begins the account of a train going down.
	expect(train) {
		this.train = train;
		this.next = 0;
		this.arrivals = new Map();
		this.ended = false;
	}

	arrived(body, at) {
		if (body.getUint32(0) !== this.train) return;
		if (body.getUint8(16) === stage.end) this.ended = true;
		else this.arrivals.set(body.getUint32(4), at);
		if (this.timer) return;
		this.timer = setTimeout(() => this.flush(), this.ended ? 0 : flushEvery);
	}

	// flush reports the arrivals since the last time.
	flush() {
		this.timer = null;
		const indices = [...this.arrivals.keys()].sort((a, b) => a - b);
		const now = performance.now();
		const message = { train: this.train, now: Math.round(now * 1000), first: indices[0] ?? 0, at: [], ended: this.ended };
		for (const i of indices) {
			const k = i - message.first;
			if (k >= most) break;
			while (message.at.length < k) message.at.push(none);
			message.at.push(Math.round((now - this.arrivals.get(i)) * 1000));
			this.arrivals.delete(i);
		}
		this.send({ type: 'arrivals', arrivals: message });
		if (this.arrivals.size) this.timer = setTimeout(() => this.flush(), 0);
	}
}
