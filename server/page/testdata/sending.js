// A stand-in for WebRTC: it sends nothing.
export async function connect(sources) {
	window.sources = sources.map(s => s.kind);
	return { offer: 'an offer', streams: sources.map((s, i) => ({ mid: String(i), kind: s.kind })), accept: async () => {}, counted: async () => ({ streams: [] }), close() {} };
}
