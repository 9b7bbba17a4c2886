// The network measurement as the page sees it: the engine in a worker answers the server,
// which leads the check.

const script = new URL('./engine.js', import.meta.url).href;
// Where scripts must be named by a policy, this one is the only one.
const scripts = globalThis.trustedTypes?.createPolicy('engine', {
	createScriptURL: (url) => {
		if (url !== script) throw new TypeError('not the engine: ' + url);
		return url;
	},
});

/**
 * Measures the link. It calls progress({phase, step, of, done, remaining_seconds}) and
 * resolves to a report, examlink.check/2. It rejects with {reason, sentence} if nothing
 * could be measured.
 */
export function check({ token, progress, signal }) {
	return new Promise((resolve, reject) => {
		const worker = new Worker(scripts ? scripts.createScriptURL(script) : script, { type: 'module' });
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
		const { certificate } = document.documentElement.dataset; // of a server that no authority vouches for
		worker.postMessage({ token, origin: location.origin, certificate, system: navigator.userAgent });
	});
}
