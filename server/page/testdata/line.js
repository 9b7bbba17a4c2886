// A stand-in for the line to the server in a rehearsal: the token's identifier says what
// happens.

const second = n => [
	{ kind: 'webcam', width: 640, height: 480, frames_per_second: 15, bits_per_second: 240e3 },
	{ kind: 'screen', frames_per_second: n, bits_per_second: 90e3 },
];
const findings = {
	'not-ready': [
		{ id: 'webcam', status: 'only-just', sentence: 'The webcam arrived with 640x480 pixels at 8 pictures a second, so that movements are jerky.', remedy: 'Pause cloud backup.' },
		{ id: 'rate', status: 'not-met', sentence: 'Webcam and screen arrived at 0.26 Mbit/s.', remedy: 'Pause cloud backup.' },
		{ id: 'both-ends', status: 'not-known', sentence: 'Your browser did not tell what it sent.' },
	],
};
const good = [{ id: 'webcam', status: 'met', sentence: 'The webcam arrived with 640x480 pixels at 15 pictures a second.' }];

export async function openLine() {
	if (!window.lines) window.lines = [];
	const pause = ms => new Promise(r => setTimeout(r, ms));
	const line = { closed: false, close() { line.closed = true; } };
	const tell = rehearsal => line.onmessage({ type: 'rehearsal', rehearsal });
	line.control = async m => {
		if (m.type === 'rehearsed') {
			const { jti } = JSON.parse(atob(line.asked.token.split('.')[1]));
			tell({ result: { findings: findings[jti] ?? good } });
			return;
		}
		line.asked = m.rehearse;
		const { jti } = JSON.parse(atob(m.rehearse.token.split('.')[1]));
		if (jti === 'marginal') return line.onmessage({ type: 'refused', refused: { reason: 'full', detail: 'too many rehearsals are running' } });
		tell({ answer: 'an answer', plan: { duration_seconds: 20, webcam: {}, screen: {} } });
		if (jti === 'blocked') return tell({ failed: 'unconnected' });
		await pause(20);
		tell({ second: second(5) });
		if (window.hangs) return;
		if (jti === 'inconclusive') return line.onend();
		await pause(100);
		tell({ over: true });
	};
	window.lines.push(line);
	return line;
}
