/** A bar for each contestant, its range as a thin line, as SVG. */

import { BarChart, CustomChart } from 'echarts/charts';
import { GridComponent, TitleComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Outcome } from '../run.ts';
import { spreadOf } from './verdict.ts';

echarts.use([BarChart, CustomChart, GridComponent, TitleComponent, SVGRenderer]);

const width = 760;
const rowHeight = 34;
const frameHeight = 90;
const ours = '#2f6f9f';
const theirs = '#b8bfc6';
const ink = '#333333';

/** The chart of the scenario's charted column; contestants that did not run are left out. */
export function chart(outcome: Outcome): string {
  const { scenario, shown } = outcome;
  const column = scenario.columns.find(({ key }) => key === scenario.charted);
  const bars = shown.flatMap(({ name }) => {
    const figure = spreadOf(outcome, name, scenario.charted);
    return figure === undefined ? [] : [{ name, figure }];
  });
  const height = frameHeight + rowHeight * bars.length;
  const drawing = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  drawing.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: `${scenario.name}: ${column?.title ?? ''}`, left: 12, top: 10, textStyle: { fontSize: 15, color: ink } },
    grid: { left: 12, right: 90, top: 48, bottom: 12, outerBoundsMode: 'same', outerBoundsContain: 'axisLabel' },
    xAxis: { type: 'value', axisLabel: { color: ink }, splitLine: { lineStyle: { color: '#eeeeee' } } },
    yAxis: { type: 'category', inverse: true, data: bars.map(({ name }) => name), axisLabel: { color: ink }, axisTick: { show: false } },
    series: [
      {
        type: 'bar',
        barWidth: 18,
        data: bars.map(({ name, figure }) => ({ value: figure.median, itemStyle: { color: name.startsWith('inferq') ? ours : theirs } })),
        label: {
          show: true,
          position: 'right',
          distance: 12,
          color: ink,
          formatter: ({ value }: { value: number }) => value.toLocaleString('en-US', { maximumSignificantDigits: 4 }),
        },
      },
      {
        type: 'custom',
        encode: { x: [0, 1], y: 2 },
        data: bars.map(({ figure }, index) => [figure.least, figure.most, index]),
        renderItem: (_params: unknown, api: { value(index: number): number; coord(point: number[]): number[] }) => {
          const [from = 0, y = 0] = api.coord([api.value(0), api.value(2)]);
          const [to = 0] = api.coord([api.value(1), api.value(2)]);
          return { type: 'line', shape: { x1: from, y1: y, x2: to, y2: y }, style: { stroke: ink, lineWidth: 2 } };
        },
      },
    ],
  });
  const svg = drawing.renderToSVGString();
  drawing.dispose();
  return svg;
}
