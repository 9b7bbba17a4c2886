// A line to the server: packets, which may get lost, and messages, which do not. It is
// WebTransport, or a WebSocket where UDP does not get through.

const path = '/examlink/2';
const protocol = 'examlink.2';
const openTime = 5000; // ms; chosen by us
const chunkMark = 0x40;
const chunkMost = 4096;

// openLine connects to a server by its origin. certificate is a SHA-256 in base64 of the server's certificate, for
// a server that no authority vouches for.
export async function openLine(origin, certificate) {
	const without = 'WebTransport' in self ? 'failed' : 'unsupported';
	if (without === 'failed') {
		try {
			return await openWebTransport(origin, certificate);
		} catch {
			// UDP does not get through, or the browser does not trust the certificate.
		}
	}
	const line = await openWebSocket(origin);
	line.without = without;
	return line;
}

class Line {
	constructor() {
		this.onpacket = () => {};
		this.onmessage = () => {};
		this.onend = () => {};
		this.rest = new Uint8Array(0);
	}

	// take handles bytes of the control stream: each message is preceded by its length.
	take(bytes) {
		const all = new Uint8Array(this.rest.length + bytes.length);
		all.set(this.rest);
		all.set(bytes, this.rest.length);
		let at = 0;
		while (all.length - at >= 4) {
			const size = new DataView(all.buffer, at).getUint32(0);
			if (all.length - at - 4 < size) break;
			this.onmessage(JSON.parse(new TextDecoder().decode(all.subarray(at + 4, at + 4 + size))));
			at += 4 + size;
		}
		this.rest = all.slice(at);
	}

	frame(message) {
		const body = new TextEncoder().encode(JSON.stringify(message));
		const all = new Uint8Array(4 + body.length);
		new DataView(all.buffer).setUint32(0, body.length);
		all.set(body, 4);
		return all;
	}
}

async function openWebTransport(origin, certificate) {
	const options = { congestionControl: 'low-latency' };
	if (certificate) {
		const value = Uint8Array.from(atob(certificate), (c) => c.charCodeAt(0));
		options.serverCertificateHashes = [{ algorithm: 'sha-256', value }];
	}
	const transport = new WebTransport(origin + path, options);
	const late = setTimeout(() => transport.close(), openTime);
	try {
		await transport.ready;
	} finally {
		clearTimeout(late);
	}
	const stream = await transport.createBidirectionalStream();
	const line = new Line();
	const out = stream.writable.getWriter();
	const datagrams = transport.datagrams;
	const packets = (datagrams.createWritable ? datagrams.createWritable() : datagrams.writable).getWriter();
	const ended = () => line.onend();
	line.control = (m) => out.write(line.frame(m)).catch(ended);
	// send sends a packet; left, if given, is called when it has left the browser.
	line.send = (b, left) => { packets.write(b).then(left, ended); };
	line.close = () => transport.close();
	transport.closed.then(ended, ended);
	read(stream.readable, (b) => line.take(b), ended);
	read(datagrams.readable, (b) => line.onpacket(b, performance.now()), ended);
	return line;
}

async function read(readable, each, ended) {
	const reader = readable.getReader();
	try {
		for (;;) {
			const { value, done } = await reader.read();
			if (done) break;
			each(value);
		}
	} catch {
		// The line has ended.
	}
	ended();
}

function openWebSocket(origin) {
	return new Promise((resolve, reject) => {
		const socket = new WebSocket(origin.replace(/^http/, 'ws') + path, protocol);
		socket.binaryType = 'arraybuffer';
		const line = new Line();
		const failed = () => reject({ reason: 'unreachable', sentence: 'The server cannot be reached from this network.' });
		const late = setTimeout(() => { socket.close(); failed(); }, openTime);
		socket.onopen = () => {
			clearTimeout(late);
			resolve(line);
		};
		socket.onerror = () => { clearTimeout(late); failed(); };
		socket.onclose = () => { failed(); line.onend(); };
		socket.onmessage = ({ data }) => {
			const at = performance.now();
			const b = new Uint8Array(data);
			if (b[0] === chunkMark) line.take(b.subarray(1));
			else line.onpacket(b, at);
		};
		line.control = (m) => {
			const all = line.frame(m);
			for (let at = 0; at < all.length; at += chunkMost) {
				const piece = all.subarray(at, at + chunkMost);
				const b = new Uint8Array(piece.length + 1);
				b[0] = chunkMark;
				b.set(piece, 1);
				socket.send(b);
			}
		};
		line.send = (b) => socket.send(b);
		line.close = () => socket.close();
	});
}
