// One camera: frames are counted; a black and a frozen picture are told apart.

// Chosen by us.
const patience = 5e3; // without a first frame
const still = 2500; // a sensor's noise changes every picture, so one that never changes is frozen
const every = 100; // between two looks at a picture
const dark = 32; // the brightest spot of a black picture, of 255
const spot = 160, whole = 32; // pixels

/** Watches a stream in a video element until stop is called. */
export function watchCamera(video, stream) {
	const began = performance.now(), context = canvas(spot), small = canvas(whole);
	let frames = 0, first = 0, last = 0, looked = 0, changed = 0, brightest = 255, before = null, running = true;

	const frame = () => {
		if (!running) return;
		const now = performance.now();
		frames++;
		last = now;
		first ||= now;
		if (now - looked >= every) {
			looked = now;
			look(now);
		}
		next();
	};
	const look = now => {
		const { videoWidth: w, videoHeight: h } = video;
		if (!w) return;
		small.drawImage(video, 0, 0, whole, whole);
		brightest = luminances(small.getImageData(0, 0, whole, whole).data);
		// A part at its own size: scaling would average the noise away.
		context.drawImage(video, (w - spot) / 2, (h - spot) / 2, spot, spot, 0, 0, spot, spot);
		const now32 = new Uint32Array(context.getImageData(0, 0, spot, spot).data.buffer);
		if (!before || now32.some((v, i) => v !== before[i])) changed = now;
		before = now32;
	};
	const next = () => video.requestVideoFrameCallback ? video.requestVideoFrameCallback(frame) : setTimeout(polled, 33);
	let clock = -1;
	const polled = () => { // without the callback, a frame shows as a new time of the video
		if (!running) return;
		if (video.currentTime !== clock) {
			clock = video.currentTime;
			frame();
		} else next();
	};
	video.srcObject = stream;
	video.play().catch(() => {}); // no picture then, which is a result
	next();

	return {
		/** What is known: {state, frames, rate, width, height}. */
		facts() {
			const now = performance.now();
			const rate = first && now > first ? Math.round((frames - 1) / ((now - first) / 1e3)) : undefined;
			const facts = { state: 'starting', frames, rate, width: video.videoWidth, height: video.videoHeight };
			const seen = first ? now - first : 0;
			if (!first) facts.state = now - began > patience ? 'nothing' : 'starting';
			else if (now - last > still) facts.state = 'frozen';
			else if (seen < 500) facts.state = 'starting';
			else if (brightest < dark) facts.state = seen < still ? 'starting' : 'black';
			else if (now - changed > still) facts.state = 'frozen';
			else facts.state = seen < still ? 'starting' : 'live';
			return facts;
		},
		stop() {
			running = false;
			video.srcObject = null;
		},
	};
}

function canvas(side) {
	const c = document.createElement('canvas');
	c.width = c.height = side;
	return c.getContext('2d', { willReadFrequently: true });
}

// luminances returns the greatest luminance (BT.709) of RGBA pixels, 0 to 255.
function luminances(data) {
	let most = 0;
	for (let i = 0; i < data.length; i += 4) most = Math.max(most, 0.2126 * data[i] + 0.7152 * data[i + 1] + 0.0722 * data[i + 2]);
	return most;
}
