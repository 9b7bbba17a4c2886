// What the browser tells of itself and of its computer: client hints where there are
// any, else the user agent's text, which is less exact.

/**
 * Returns {browser: {name, version}, system: {name, version, or_newer, hint}, kind,
 * memory_gb}; what is not known is absent. kind is tablet for phones, too.
 */
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
	if (platform) about.system = { name: platform, hint: version };
	about.kind = data.mobile || hints.formFactors?.some(f => f === 'Mobile' || f === 'Tablet') || ['Android', 'iOS'].includes(platform) ? 'tablet' : 'computer';
	return about;
}

function byText(text, touchPoints = 0) {
	const about = {};
	const browser = [
		['Edge', /\bEdgA?\/(\d+)/], ['Opera', /\bOPR\/(\d+)/], ['Samsung Internet', /SamsungBrowser\/(\d+)/], ['Firefox', /\b(?:Firefox|FxiOS)\/(\d+)/],
		['Chrome', /\b(?:Chrome|CriOS)\/(\d+)/], ['Safari', /Version\/(\d+(?:\.\d+)?).*Safari/],
	].map(([name, pattern]) => ({ name, version: text.match(pattern)?.[1] })).find(b => b.version);
	if (browser) about.browser = browser;
	const windows = text.match(/Windows NT (\d+\.\d+)/)?.[1];
	if (/iPhone|iPod/.test(text)) about.system = { name: 'iOS' };
	else if (/iPad/.test(text) || /Macintosh/.test(text) && touchPoints > 1) about.system = { name: 'iPadOS' };
	else if (/CrOS/.test(text)) about.system = { name: 'Chrome OS' };
	else if (/Android/.test(text)) about.system = { name: 'Android' };
	else if (windows) {
		const version = { '6.0': 'vista', '6.1': '7', '6.2': '8', '6.3': '8.1', '10.0': '10' }[windows];
		about.system = { name: 'Windows', version, or_newer: version === '10' }; // browsers call Windows 11 "NT 10.0", too
	} else if (/Macintosh/.test(text)) about.system = { name: 'macOS' }; // its version is a fixed text since 10.15.7
	else if (/Linux|X11/.test(text)) about.system = { name: 'Linux' };
	if (about.system) about.kind = ['iOS', 'iPadOS', 'Android'].includes(about.system.name) ? 'tablet' : 'computer';
	return about;
}
