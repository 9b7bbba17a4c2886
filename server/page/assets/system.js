// What the browser tells of itself and of its computer: client hints where there are
// any, else the user agent's text, which is less exact.

/** Returns {browser: {name, version}, system: {name, version}, kind, memory_gb}; what is not known is absent. */
export async function aboutSystem(navigator = window.navigator) {
	const agent = navigator.userAgentData ? await byHints(navigator.userAgentData).catch(() => null) : null;
	const about = agent ?? byText(navigator.userAgent, navigator.maxTouchPoints);
	if (navigator.deviceMemory) about.memory_gb = navigator.deviceMemory;
	return about;
}

async function byHints(data) {
	const hints = await data.getHighEntropyValues(['platformVersion', 'fullVersionList', 'formFactors']);
	const brands = (hints.fullVersionList ?? data.brands).filter(b => !/not.?a.?brand/i.test(b.brand.replace(/[^a-z]/gi, ' ')));
	const brand = brands.find(b => b.brand !== 'Chromium') ?? brands[0];
	const about = { browser: brand && { name: brand.brand.replace('Google ', '').replace('Microsoft ', ''), version: brand.version.split('.')[0] } };
	const platform = hints.platform || data.platform, version = hints.platformVersion || undefined;
	if (platform) about.system = { name: platform, version: platform === 'Windows' ? windowsVersion(version) : version?.split('.').slice(0, 2).join('.') };
	about.kind = kindOf(platform, data.mobile || hints.formFactors?.includes('Mobile'), hints.formFactors?.includes('Tablet'));
	return about;
}

// windowsVersion turns the version of the platform's interface into that of Windows.
function windowsVersion(v) {
	if (v === undefined) return undefined;
	const [major, minor] = v.split('.').map(Number);
	if (major >= 13) return '11';
	if (major >= 1) return '10';
	return { 1: '7', 2: '8', 3: '8.1' }[minor];
}

function kindOf(platform, mobile, tablet) {
	switch (platform) {
	case 'Chrome OS': case 'Chromium OS': return 'chromebook';
	case 'Android': return mobile && !tablet ? 'phone' : 'tablet';
	case 'iOS': return 'phone';
	case 'Linux': return 'linux';
	}
	return tablet ? 'tablet' : 'computer';
}

function byText(text, touchPoints = 0) {
	const about = { kind: 'computer' };
	const browser = [
		['Edge', /\bEdgA?\/(\d+)/], ['Opera', /\bOPR\/(\d+)/], ['Samsung Internet', /SamsungBrowser\/(\d+)/], ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
		['Chrome', /\b(?:Chrome|CriOS)\/(\d+)/], ['Safari', /Version\/(\d+(?:\.\d+)?).*Safari/],
	].map(([name, pattern]) => ({ name, version: text.match(pattern)?.[1] })).find(b => b.version);
	if (browser) about.browser = browser;
	const windows = text.match(/Windows NT (\d+\.\d+)/)?.[1];
	if (/iPhone|iPod/.test(text)) Object.assign(about, { system: { name: 'iOS' }, kind: 'phone' });
	else if (/iPad/.test(text) || /Macintosh/.test(text) && touchPoints > 1) Object.assign(about, { system: { name: 'iPadOS' }, kind: 'tablet' });
	else if (/CrOS/.test(text)) Object.assign(about, { system: { name: 'Chrome OS' }, kind: 'chromebook' });
	else if (/Android/.test(text)) Object.assign(about, { system: { name: 'Android' }, kind: /Mobile/.test(text) ? 'phone' : 'tablet' });
	else if (windows) {
		// Browsers call Windows 11 "NT 10.0", too: at least 10.
		about.system = { name: 'Windows', version: { '6.0': 'Vista', '6.1': '7', '6.2': '8', '6.3': '8.1', '10.0': '10' }[windows] };
	} else if (/Macintosh/.test(text)) about.system = { name: 'macOS' }; // its version is a fixed text since 10.15.7
	else if (/Linux|X11/.test(text)) Object.assign(about, { system: { name: 'Linux' }, kind: 'linux' });
	return about;
}
