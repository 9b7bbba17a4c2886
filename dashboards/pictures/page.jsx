// The page that shows one dashboard; what it shows is in window.shown.
import { ThemeProvider } from '@mui/material';
import { ChartsProvider, generateChartsTheme, getTheme, SnackbarProvider } from '@perses-dev/components';
import { Dashboard, DashboardProvider, DatasourceStoreProvider, VariableProvider } from '@perses-dev/dashboards';
import { dynamicImportPluginLoader, PluginRegistry, TimeRangeProvider } from '@perses-dev/plugin-system';
import * as markdown from '@perses-dev/markdown-plugin';
import * as prometheus from '@perses-dev/prometheus-plugin';
import * as statChart from '@perses-dev/stat-chart-plugin';
import * as statusHistory from '@perses-dev/status-history-chart-plugin';
import * as table from '@perses-dev/table-plugin';
import * as timeSeries from '@perses-dev/timeseries-chart-plugin';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';

const { dashboard, start, end, interval } = window.shown;

const source = {
  kind: 'GlobalDatasource',
  metadata: { name: 'prometheus' },
  spec: { default: true, plugin: { kind: 'PrometheusDatasource', spec: { directUrl: location.origin + '/prometheus', scrapeInterval: interval } } },
};
const sources = {
  getDatasource: async () => undefined,
  getGlobalDatasource: async () => source,
  listDatasources: async () => [],
  listGlobalDatasources: async () => [source],
  buildProxyUrl: () => source.spec.plugin.spec.directUrl,
};

const plugins = dynamicImportPluginLoader(
  [markdown, prometheus, statChart, statusHistory, table, timeSeries].map((p) => ({ resource: p.getPluginModule(), importPlugin: async () => p })),
);
const theme = getTheme('light');
const client = new QueryClient({ defaultOptions: { queries: { refetchOnWindowFocus: false, retry: false } } });

createRoot(document.getElementById('page')).render(
  <QueryClientProvider client={client}>
    <ThemeProvider theme={theme}>
      <ChartsProvider chartsTheme={generateChartsTheme(theme, {})} enablePinning={false}>
        <SnackbarProvider>
          <PluginRegistry pluginLoader={plugins} defaultPluginKinds={{ Panel: 'TimeSeriesChart', TimeSeriesQuery: 'PrometheusTimeSeriesQuery' }}>
            <TimeRangeProvider timeRange={{ start: new Date(start), end: new Date(end) }} refreshInterval="0s">
              <VariableProvider>
                <DatasourceStoreProvider dashboardResource={dashboard} datasourceApi={sources}>
                  <DashboardProvider initialState={{ dashboardResource: dashboard }}>
                    <h1>{dashboard.spec.display.name}</h1>
                    <Dashboard />
                  </DashboardProvider>
                </DatasourceStoreProvider>
              </VariableProvider>
            </TimeRangeProvider>
          </PluginRegistry>
        </SnackbarProvider>
      </ChartsProvider>
    </ThemeProvider>
  </QueryClientProvider>,
);
