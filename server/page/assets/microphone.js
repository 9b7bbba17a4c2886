// One microphone: its level, silence and clipping.

// Chosen by us; levels in dB below full scale.
const every = 50; // ms between two looks
const floor = -60; // the lowest level that the meter shows
const audible = -50; // speech, even soft, is above
const enough = 6; // loud looks that make a working microphone, 0.3 s of sound
const patience = 6e3; // of silence
const full = 0.985, clippedShare = 0.2; // of the loud looks

/** Watches a stream until stop is called. onLevel gets the level above floor, 0 to 60. */
export function watchMicrophone(stream, onLevel) {
	const audio = new AudioContext(), analyser = audio.createAnalyser();
	analyser.fftSize = 4096; // more than a look apart, so that no sample is missed
	audio.createMediaStreamSource(stream).connect(analyser);
	audio.resume().catch(() => {});
	const began = performance.now(), samples = new Float32Array(analyser.fftSize);
	let loud = 0, clipped = 0, highest = -200;
	const timer = setInterval(() => {
		analyser.getFloatTimeDomainData(samples);
		let sum = 0, over = 0;
		for (const s of samples) {
			sum += s * s;
			if (Math.abs(s) >= full) over++;
		}
		const level = 10 * Math.log10(sum / samples.length || 1e-12);
		highest = Math.max(highest, Math.min(level, 0));
		if (level >= audible) {
			loud++;
			if (over > samples.length / 100) clipped++;
		}
		onLevel(Math.min(Math.max(level, floor), 0) - floor);
	}, every);

	return {
		/** What is known, as the facts of a microphone have it; {} before it is settled. */
		facts() {
			const silent = loud < enough;
			if (silent && performance.now() - began <= patience) return {};
			return { access: 'granted', level_dbfs: Math.round(highest * 10) / 10, silent, clipping: !silent && clipped > loud * clippedShare };
		},
		stop() {
			clearInterval(timer);
			audio.close().catch(() => {});
		},
	};
}
