// The network measurement as the page sees it: the engine in a worker answers the server,
// which leads the check.

/**
 * Measures the link. It calls progress({phase, step, of, done, remaining_seconds}) and
 * resolves to a report, examlink.check/2. It rejects with {reason, sentence} if nothing
 * could be measured. certificate, of tests, is the SHA-256 of the server's certificate in
 * base64.
 */
export function check({ token, progress, signal, certificate }) {
	return new Promise((resolve, reject) => {
		const worker = new Worker(new URL('./engine.js', import.meta.url), { type: 'module' });
		const end = (settle, value) => {
			worker.terminate();
			settle(value);
		};
		const fail = (reason, sentence) => end(reject, { reason, sentence });
		worker.onerror = (e) => fail('failed', e.message || 'The measurement could not start.');
		worker.onmessage = ({ data }) => {
			if (data.report) end(resolve, data.report);
			else if (data.failed) fail(data.failed, data.sentence);
			else progress(data.progress);
		};
		signal?.addEventListener('abort', () => fail('aborted', 'The measurement was stopped.'));
		worker.postMessage({ token, host: location.host, certificate, system: navigator.userAgent });
	});
}
