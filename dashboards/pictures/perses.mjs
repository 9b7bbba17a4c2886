// A Grafana dashboard as a Perses one: the same panels in the same places, with
// the same queries, units, words and colours, as far as Perses has them. A heatmap
// says so in its title; what else Perses lacks is in ../README.md.

const colors = { green: '#56a64b', red: '#e02f44', orange: '#ff780a', yellow: '#f2cc0c', blue: '#3274d9', text: '#6e6e6e' };

const units = {
  bps: { unit: 'bits/sec', shortValues: true },
  pps: { unit: 'packets/sec', shortValues: true },
  ops: { unit: 'ops/sec', shortValues: true },
  s: { unit: 'seconds' },
  percentunit: { unit: 'percent-decimal' },
  bytes: { unit: 'bytes', shortValues: true },
  short: { unit: 'decimal', shortValues: true },
};

function format(unit) {
  if (unit === undefined || unit === '' || unit === 'string') return { unit: 'decimal', shortValues: true };
  if (!units[unit]) throw new Error(`no unit of Perses' is known for ${unit}`);
  return units[unit];
}

function mappings(list = []) {
  return list.flatMap((m) => {
    if (m.type === 'value') {
      return Object.entries(m.options).map(([value, r]) => ({ kind: 'Value', spec: { value: Number(value), result: { value: r.text, color: colors[r.color] } } }));
    }
    const result = { value: m.options.result.text, color: colors.text };
    return ['null', 'NaN'].map((value) => ({ kind: 'Misc', spec: { value, result } }));
  });
}

// thresholds leave out the step below all that is known: Perses has no value there.
function thresholds(t) {
  const steps = (t?.steps ?? []).filter((s) => s.value !== null && s.value !== undefined);
  return { mode: 'absolute', defaultColor: colors.text, steps: steps.map((s) => ({ value: s.value, color: colors[s.color] })) };
}

function query(target) {
  const name = target.legendFormat && target.legendFormat !== '__auto' ? { seriesNameFormat: target.legendFormat } : {};
  return { kind: 'TimeSeriesQuery', spec: { plugin: { kind: 'PrometheusTimeSeriesQuery', spec: { query: target.expr, ...name } } } };
}

function lines(panel) {
  const field = panel.fieldConfig?.defaults ?? {};
  const named = Object.fromEntries((panel.fieldConfig?.overrides ?? []).map((o) => [o.matcher.options, o.properties]));
  const styles = panel.targets.flatMap((target, queryIndex) => {
    const color = named[target.legendFormat]?.find((p) => p.id === 'color')?.value.fixedColor;
    return color ? [{ queryIndex, colorMode: 'fixed-single', colorValue: colors[color], lineStyle: 'dashed', areaOpacity: 0 }] : [];
  });
  const stacked = field.custom?.stacking?.mode === 'normal';
  return {
    kind: 'TimeSeriesChart',
    spec: {
      legend: { position: 'bottom', mode: 'list', size: 'small' },
      yAxis: { format: format(field.unit), min: field.min, max: field.max },
      visual: { lineWidth: 1.5, areaOpacity: stacked ? 0.4 : 0.05, stack: stacked ? 'all' : 'none', connectNulls: false, palette: { mode: 'categorical' } },
      querySettings: styles,
    },
  };
}

function stat(panel) {
  const field = panel.fieldConfig.defaults;
  return { kind: 'StatChart', spec: { calculation: 'last', format: format(field.unit), thresholds: thresholds(field.thresholds), mappings: mappings(field.mappings), valueFontSize: 22 } };
}

function states(panel) {
  return { kind: 'StatusHistoryChart', spec: { legend: { position: 'bottom', mode: 'list', size: 'small' }, mappings: mappings(panel.fieldConfig.defaults.mappings) } };
}

// A table's columns are labels, or values of a query: "Value #A" in Grafana,
// "value #1" in Perses, and "value" where there is one query only.
function table(panel) {
  const organize = panel.transformations.find((t) => t.id === 'organize').options;
  const many = panel.targets.length > 1;
  const properties = Object.fromEntries(panel.fieldConfig.overrides.map((o) => [o.matcher.options, Object.fromEntries(o.properties.map((p) => [p.id, p.value]))]));
  const columns = Object.keys(organize.renameByName).sort((a, b) => organize.indexByName[a] - organize.indexByName[b]);
  const labels = columns.filter((c) => !c.startsWith('Value'));
  const sorted = new Set(panel.options.sortBy.map((s) => s.displayName));
  const settings = [{ name: 'timestamp', hide: true }];
  for (const column of columns) {
    const title = organize.renameByName[column];
    // Words and colours belong to the cells of all columns in Perses, so a column of
    // states shows their numbers.
    const value = { header: title, align: 'right', format: format(properties[title].unit), ...(sorted.has(title) ? { sort: 'desc' } : {}) };
    if (!column.startsWith('Value')) settings.push({ name: column, header: title });
    else if (many && column !== 'Value') settings.push({ name: `value #${column.charCodeAt(column.length - 1) - 64}`, ...value });
    else if (!many && column === 'Value') settings.push({ name: 'value', ...value });
  }
  const merged = labels.map((column) => ({ kind: 'MergeIndexedColumns', spec: { column } }));
  const joined = { kind: 'JoinByColumnValue', spec: { columns: labels } };
  return { kind: 'Table', spec: { density: 'compact', defaultColumnWidth: 'auto', columnSettings: settings, transforms: many ? [...merged, joined] : [] } };
}

function text(panel) {
  return { kind: 'Markdown', spec: { text: panel.options.content } };
}

const kinds = { timeseries: lines, stat, 'state-timeline': states, table, text, heatmap: lines };

function translated(panel) {
  const kind = kinds[panel.type];
  if (!kind) throw new Error(`panel ${panel.title}: no panel of Perses' is known for ${panel.type}`);
  const remark = panel.type === 'heatmap' ? ' (a heatmap in Grafana; here its cumulative buckets)' : '';
  return {
    kind: 'Panel',
    spec: { display: { name: panel.title + remark, description: panel.description }, plugin: kind(panel), queries: (panel.targets ?? []).map(query) },
  };
}

// perses translates a dashboard whose expressions have no variables left.
export function perses(dashboard) {
  const layouts = [];
  const panels = {};
  const group = (title, y) => layouts.push({ top: y, kind: 'Grid', spec: { ...(title ? { display: { title } } : {}), items: [] } });
  group('', 0);
  const inOrder = dashboard.panels.flatMap((p) => [p, ...(p.panels ?? [])]).sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  for (const panel of inOrder) {
    if (panel.type === 'row') {
      group(panel.title, panel.gridPos.y + 1);
      continue;
    }
    const layout = layouts[layouts.length - 1];
    panels[`p${panel.id}`] = translated(panel);
    const { x, y, w, h } = panel.gridPos;
    layout.spec.items.push({ x, y: y - layout.top, width: w, height: h, content: { $ref: `#/spec/panels/p${panel.id}` } });
  }
  return {
    kind: 'Dashboard',
    metadata: { name: dashboard.uid, project: 'examlink', version: 0 },
    spec: {
      display: { name: dashboard.title }, duration: '30m', variables: [], panels,
      layouts: layouts.filter((l) => l.spec.items.length > 0).map(({ kind, spec }) => ({ kind, spec })),
    },
  };
}
