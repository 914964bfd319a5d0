import { BOUNDS_MS, type Histogram } from "./histogram.ts";

type Labels = Readonly<Record<string, string>>;

const BOUND_LABELS = [...BOUNDS_MS.map((ms) => `${ms / 1000}`), "+Inf"];

/** The head of a metric's lines in Prometheus' text format. */
export function family(name: string, type: "counter" | "gauge" | "histogram", help: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

export function sample(name: string, value: number, labels: Labels = {}): string {
  return `${name}${labelText(labels)} ${value}\n`;
}

/** Buckets are cumulative and in seconds, as the format wants them. */
export function histogramSamples(name: string, { counts, sumMs }: Histogram, labels: Labels): string {
  let below = 0;
  let text = "";
  counts.forEach((count, i) => {
    below += count;
    text += sample(`${name}_bucket`, below, { ...labels, le: BOUND_LABELS[i] });
  });
  return text + sample(`${name}_sum`, sumMs / 1000, labels) + sample(`${name}_count`, below, labels);
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const ESCAPES: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n" };
const escaped = (value: string): string => value.replace(/[\\"\n]/g, (character) => ESCAPES[character]);
