// Draws dashboards in a browser, from a Prometheus, into PNG files:
//
//	node draw.mjs SHOWN.json FOLDER
//
// SHOWN.json is {"prometheus": URL, "start": time, "end": time, "interval": "15s",
// "dashboards": [Grafana's JSON, with the variables in its expressions filled in]}.
// The environment variable CHROMIUM is the browser. Exit 1 when a panel shows an
// error or no data.
import { createServer } from 'node:http';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import puppeteer from 'puppeteer-core';
import { perses } from './perses.mjs';

const [shownFile, folder] = process.argv.slice(2);
const { prometheus, dashboards, ...time } = JSON.parse(await readFile(shownFile, 'utf8'));

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, 'page.jsx')],
  bundle: true, write: false, minify: true, outdir: 'out', logLevel: 'error', jsx: 'automatic',
  // The plugins ask for version 5's name of what version 4 calls by its own.
  alias: { '@tanstack/react-query': join(import.meta.dirname, 'node_modules/@tanstack/react-query') },
  define: { global: 'window', 'process.env.NODE_ENV': '"production"' },
  loader: { '.woff': 'dataurl', '.woff2': 'dataurl', '.ttf': 'dataurl', '.svg': 'dataurl', '.png': 'dataurl' },
});
const files = Object.fromEntries(outputFiles.map((f) => ['/' + f.path.split('/').pop(), f.contents]));

// One server has the page and, under /prometheus, the real one.
const server = createServer(async (request, response) => {
  try {
    if (request.url.startsWith('/prometheus')) {
      const body = [];
      for await (const chunk of request) body.push(chunk);
      const answer = await fetch(prometheus + request.url.slice('/prometheus'.length), {
        method: request.method, headers: { 'content-type': request.headers['content-type'] ?? 'text/plain' },
        body: request.method === 'POST' ? Buffer.concat(body) : undefined,
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(Buffer.from(await answer.arrayBuffer()));
      return;
    }
    const shown = dashboards.find((d) => request.url === `/${d.uid}`);
    if (shown) {
      const data = JSON.stringify({ dashboard: perses(shown), ...time }).replaceAll('<', '\\u003c');
      const style = files['/page.css'] ? '<link rel="stylesheet" href="/page.css">' : '';
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><meta charset="utf-8">${style}
<style>body { margin: 8px; font-family: sans-serif } h1 { font-size: 20px; margin: 4px 8px }</style>
<div id="page"></div><script>window.shown = ${data}</script><script src="/page.js"></script>`);
      return;
    }
    const file = files[request.url];
    response.writeHead(file ? 200 : 404, { 'content-type': request.url.endsWith('.css') ? 'text/css' : 'text/javascript' }).end(file);
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
});
await new Promise((listening) => server.listen(0, '127.0.0.1', listening));

await mkdir(folder, { recursive: true });
const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu'] });
let failed = false;
try {
  for (const dashboard of dashboards) {
    const page = await browser.newPage();
    page.on('pageerror', (error) => { failed = true; console.error(`${dashboard.uid}: ${error.stack}`); });
    page.on('response', (r) => { if (r.status() >= 400 && !r.url().endsWith('favicon.ico')) { failed = true; console.error(`${dashboard.uid}: ${r.status()} ${r.url()}`); } });
    await page.setViewport({ width: 1600, height: 1000 });
    await page.goto(`http://127.0.0.1:${server.address().port}/${dashboard.uid}`, { waitUntil: 'networkidle0' });
    // Panels load when they come into view: make the view as high as the page.
    const height = await page.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewport({ width: 1600, height: height + 50 });
    await page.waitForNetworkIdle({ idleTime: 1000 });
    await new Promise((drawn) => setTimeout(drawn, 1500)); // charts fade in
    const silent = await page.evaluate(() => [...document.querySelectorAll('[data-testid="panel"]')]
      .filter((p) => p.querySelector('[role="alert"]') || /\bno data\b/i.test(p.innerText)).map((p) => p.innerText.replace(/\s+/g, ' ')));
    const panels = await page.evaluate(() => document.querySelectorAll('[data-testid="panel"]').length);
    const wanted = dashboard.panels.filter((p) => p.type !== 'row').length;
    if (silent.length > 0 || panels !== wanted) {
      failed = true;
      console.error(`${dashboard.uid}: ${panels} of ${wanted} panels are drawn; without data: ${JSON.stringify(silent)}`);
    }
    await page.screenshot({ path: join(folder, `${dashboard.uid}.png`) });
    console.log(`${dashboard.uid}.png`);
    await page.close();
  }
} finally {
  await browser.close();
  server.close();
}
process.exit(failed ? 1 : 0);
