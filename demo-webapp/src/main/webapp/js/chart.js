/* global Chart */
const STEP_MS = 5000;
const STEPS = 24;

/** The revenue of the last two minutes, summed up in steps of five seconds. Moves on by itself. */
export class RevenueChart {
  #orders = [];
  #chart;
  #now;

  constructor(canvas, now) {
    this.#now = now;
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    this.#chart = new Chart(canvas, {
      type: 'line',
      data: {
        labels: Array.from({ length: STEPS }, (_, i) => label((STEPS - 1 - i) * (STEP_MS / 1000))),
        datasets: [{ data: Array(STEPS).fill(0), fill: true, tension: 0.35, borderWidth: 2, pointRadius: 0, pointHitRadius: 12, cubicInterpolationMode: 'monotone' }],
      },
      options: {
        maintainAspectRatio: false,
        animation: matchMedia('(prefers-reduced-motion: reduce)').matches ? false : { duration: 300 },
        plugins: { legend: { display: false }, tooltip: { displayColors: false, callbacks: { label: ({ parsed }) => `€${parsed.y.toFixed(2)}` } } },
        scales: {
          x: { grid: { display: false }, ticks: { maxRotation: 0, autoSkip: true, maxTicksLimit: 6 } },
          y: { beginAtZero: true, suggestedMax: 500, border: { display: false }, ticks: { maxTicksLimit: 5, callback: (value) => `€${value}` } },
        },
      },
    });
    this.#paint();
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#paint());
    setInterval(() => this.#draw(), 1000);
  }

  /** Shows these orders, the newest first. */
  show(orders) {
    this.#orders = orders;
    this.#draw();
  }

  #draw() {
    const sums = Array(STEPS).fill(0);
    const end = (Math.floor(this.#now() / STEP_MS) + 1) * STEP_MS;
    for (const { created_at: at, total } of this.#orders) {
      const step = STEPS - 1 - Math.floor((end - 1 - Date.parse(at)) / STEP_MS);
      if (step >= 0 && step < STEPS) sums[step] += total;
    }
    const data = this.#chart.data.datasets[0].data;
    if (sums.some((sum, i) => sum !== data[i])) {
      this.#chart.data.datasets[0].data = sums;
      this.#chart.update();
    }
  }

  #paint() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name).trim();
    const [line] = this.#chart.data.datasets;
    line.borderColor = color('--sea');
    line.backgroundColor = color('--sea-faint');
    const { x, y } = this.#chart.options.scales;
    x.ticks.color = y.ticks.color = color('--muted');
    y.grid = { color: color('--line') };
    this.#chart.update('none');
  }
}

function label(seconds) {
  return seconds === 0 ? 'now' : `−${seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`}`;
}
