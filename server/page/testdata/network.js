// A stand-in for the network measurement: the token's identifier says what happens.

const phases = ['connect', 'delay and loss', 'download against the minimum', 'upload against the minimum', 'download rate', 'upload rate', 'one stream each way', 'last packets'];

export async function check({ token, progress, signal }) {
	const { jti } = JSON.parse(atob(token.split('.')[1]));
	const step = (i, done) => progress({ phase: phases[i], step: i + 1, of: phases.length, done, remaining_seconds: phases.length - i });
	if (jti === 'unreachable') throw { reason: 'unreachable', sentence: 'The exam’s server does not answer.' };
	if (jti === 'broken') throw new TypeError('a mistake');
	for (let i = 0; i < phases.length; i++) {
		step(i, '');
		if (jti === 'hangs' && i === 4) await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
		await new Promise(r => setTimeout(r, 10));
		step(i, i < 2 ? '20 ms' : '6.1 Mbit/s');
	}
	return (await (await fetch('/check/reports.json')).json())[jti];
}
