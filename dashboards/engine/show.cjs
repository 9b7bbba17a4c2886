// Shows what Grafana makes of the results of the dashboards' queries, with Grafana's
// own data engine: node show.cjs INPUT. INPUT and output are described in
// ../engine_test.go.
const fs = require('node:fs');

// The package expects a browser; it needs none for what is used here.
globalThis.window = globalThis;
globalThis.document = { createElement: () => ({ getContext: () => ({ measureText: () => ({ width: 1 }) }), style: {} }) };
globalThis.localStorage = { getItem: () => null, setItem() {} };
if (!globalThis.navigator) globalThis.navigator = { userAgent: 'node', platform: 'linux', language: 'en-GB', languages: ['en-GB'] };

const grafana = require('@grafana/data');
const { FieldType, createTheme } = grafana;

grafana.standardTransformersRegistry.setInit(() =>
  ['mergeTransformer', 'organizeFieldsTransformer'].map((name) => {
    const transformation = grafana.standardTransformers[name];
    return { id: transformation.id, name: transformation.name, transformation, editor: () => null };
  }));
// The properties that the dashboards set; Grafana registers them with their editors.
grafana.standardFieldConfigEditorRegistry.setInit(() =>
  ['unit', 'noValue', 'min', 'max', 'color', 'mappings', 'thresholds', 'links'].map((id) => ({
    id, path: id, name: id, process: grafana.identityOverrideProcessor, shouldApply: () => true, settings: {}, editor: () => null, override: () => null,
  })));

const theme = createTheme();
const replaceVariables = (text) => text;

// nameOf fills in a legend as the data source does.
function nameOf(legend, labels) {
  if (!legend) return undefined;
  return legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');
}

// seriesFrames are the frames of a query of time series, one for each series.
function seriesFrames(query) {
  return query.result.map(({ metric, values }) => grafana.toDataFrame({
    refId: query.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: values.map(([t]) => t * 1000) },
      { name: 'Value', type: FieldType.number, labels: metric, values: values.map(([, v]) => Number(v)), config: { displayNameFromDS: nameOf(query.legend, metric) } },
    ],
  }));
}

// tableFrame is the frame of a query of a table: a column for each label of any
// series, '' where a series does not have it.
function tableFrame(query, several) {
  const labels = [...new Set(query.result.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const rows = query.result.flatMap(({ metric, values }) => values.map((value) => ({ metric, value })));
  return grafana.toDataFrame({
    refId: query.refId,
    fields: [
      { name: 'Time', type: FieldType.time, values: rows.map(({ value }) => value[0] * 1000) },
      ...labels.map((label) => ({ name: label, type: FieldType.string, values: rows.map(({ metric }) => metric[label] ?? '') })),
      { name: several ? `Value #${query.refId}` : 'Value', type: FieldType.number, values: rows.map(({ value }) => Number(value[1])) },
    ],
  });
}

function transformed(transformations, frames) {
  let out = frames;
  grafana.transformDataFrame(transformations ?? [], frames, { interpolate: replaceVariables }).subscribe((data) => { out = data; });
  return out;
}

// colorName is the name that the dashboards have for a colour of the theme.
const hex = (color) => color.replace(/^rgb\((\d+), (\d+), (\d+)\)$/, (_, ...rgb) => '#' + rgb.slice(0, 3).map((n) => Number(n).toString(16).padStart(2, '0')).join(''));
const names = Object.fromEntries(['green', 'orange', 'red', 'yellow', 'blue'].map((name) => [hex(theme.visualization.getColorByName(name)), name]));
names[hex(theme.colors.text.primary)] = 'text';
const shown = (value) => ({
  text: grafana.formattedValueToString(value).trim(),
  color: names[hex(value.color ?? '')] ?? value.color ?? '',
});

function show({ panel, queries }) {
  const table = panel.type === 'table';
  const answered = queries.filter(({ result }) => result.length > 0);
  let data = table ? answered.map((q) => tableFrame(q, panel.targets.length > 1)) : answered.flatMap(seriesFrames);
  data = transformed(panel.transformations, data);
  data = grafana.applyFieldOverrides({ data, fieldConfig: panel.fieldConfig, replaceVariables, theme, timeZone: 'utc' });
  if (table) {
    return data.flatMap((frame) => Array.from({ length: frame.length }, (_, row) => Object.fromEntries(frame.fields.map((field) =>
      [grafana.getFieldDisplayName(field, frame, data), shown(field.display(field.values[row]))]))));
  }
  if (panel.type === 'stat') {
    return grafana.getFieldDisplayValues({ data, fieldConfig: panel.fieldConfig, reduceOptions: panel.options.reduceOptions, replaceVariables, theme, timeZone: 'utc' })
      .map(({ display, field }) => ({ [display.title ?? field.displayName ?? '']: shown(display) }));
  }
  return data.map((frame) => {
    const field = frame.fields[1];
    return { [grafana.getFieldDisplayName(field, frame, data)]: shown(field.display(field.values.at(-1))) };
  });
}

const input = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
process.stdout.write(JSON.stringify(input.map((x) => show(x))));
