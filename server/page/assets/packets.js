// The layout of packets, as in the protocol's description.

export const kind = { probe: 4, echo: 5, train: 6, feedback: 7 };
export const stage = { prime: 1, hold: 2, end: 3 };
export const command = { hold: 2, stop: 3 };
export const smallest = 64; // bytes
export const headerSize = 16;

// packet returns a new packet with its header, and a view of its body.
export function packet(kind, flow, seq, size) {
	const bytes = new Uint8Array(Math.max(size, smallest));
	const view = new DataView(bytes.buffer);
	bytes[0] = kind;
	bytes[1] = 2; // version
	view.setUint32(4, flow);
	view.setBigUint64(8, BigInt(seq));
	return { bytes, body: new DataView(bytes.buffer, headerSize) };
}

export const nanoseconds = (ms) => BigInt(Math.round(ms * 1e6));
