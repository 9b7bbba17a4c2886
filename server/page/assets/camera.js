// One camera: frames are counted; a black and a frozen picture are told apart.

// Chosen by us.
const patience = 5e3; // without a first frame
const still = 2500; // a sensor's noise changes every picture, so one that never changes is frozen
const every = 100; // between two looks at a picture
const dark = 32; // the brightest spot of a black picture, of 255
const few = 32, many = 160; // pixels of a side

/** Watches a stream in a video element until stop is called. */
export function watchCamera(video, stream) {
	const began = performance.now(), context = canvas(many), small = canvas(few);
	context.imageSmoothingEnabled = false; // single pixels from all over the picture: an average would lose the noise
	let first = 0, looked = 0, watched = 0, unchanged = 0, looks = 0, brightest = 255, before = null;

	// Pictures are looked at by a timer: frames are reported to a page only as far as they
	// are drawn, which a covered window or a busy computer stops.
	const timer = setInterval(() => {
		const { videoWidth, readyState } = video, now = performance.now();
		if (document.hidden) { // browsers may stop the picture then
			looked = now;
			unchanged = 0;
			return;
		}
		if (readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !videoWidth) return;
		first ||= now;
		looks++;
		small.drawImage(video, 0, 0, few, few);
		brightest = greatestLuminance(small.getImageData(0, 0, few, few).data);
		context.drawImage(video, 0, 0, many, many);
		const pixels = new Uint32Array(context.getImageData(0, 0, many, many).data.buffer);
		// A busy computer looks late: what it did not look at is not held against the picture.
		const since = before ? Math.min(now - looked, 2 * every) : 0;
		watched += since;
		unchanged = !before || pixels.some((v, i) => v !== before[i]) ? 0 : unchanged + since;
		looked = now;
		before = pixels;
	}, every);
	// Some browsers count no frames: then looks are counted that found a picture.
	const counted = () => Math.max(video.getVideoPlaybackQuality?.().totalVideoFrames ?? 0, looks);
	video.srcObject = stream;
	video.play().catch(() => {}); // no picture then, which is a result

	return {
		/** What is known, as the facts of a webcam have it; {frames} or {} before it is settled. */
		facts() {
			const now = performance.now(), { videoWidth: width, videoHeight: height } = video;
			if (!first) return now - began > patience ? { access: 'granted', frames: 0 } : {};
			const facts = { frames: counted(), width, height };
			if (watched < still) return facts;
			const black = brightest < dark;
			return { access: 'granted', ...facts, black, frozen: !black && unchanged >= still };
		},
		/** Pictures a second; undefined: not known yet. */
		rate() {
			const seen = performance.now() - first;
			return first && seen > 500 ? Math.round(counted() / (seen / 1e3)) : undefined;
		},
		stop() {
			clearInterval(timer);
			video.srcObject = null;
		},
	};
}

function canvas(side) {
	const c = document.createElement('canvas');
	c.width = c.height = side;
	return c.getContext('2d', { willReadFrequently: true });
}

// greatestLuminance returns the greatest luminance (BT.709) of RGBA pixels, 0 to 255.
function greatestLuminance(data) {
	let most = 0;
	for (let i = 0; i < data.length; i += 4) most = Math.max(most, 0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2]);
	return most;
}
