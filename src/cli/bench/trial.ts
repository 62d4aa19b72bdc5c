/** What one trial measured, in microseconds and in the order in which it was measured. */
export interface TrialResult {
  /** Version of the package that was measured, where it is neither ours nor Node's own. */
  readonly version?: string | undefined;
  readonly samples: readonly number[];
  /** Of a trial of lateness: when the work was stopped, while `samples` tell when the error was caught. */
  readonly stopped?: readonly number[] | undefined;
}

/** A trial that could not take place, and why. */
export interface TrialRefusal {
  readonly unavailable: string;
}

/** Settings of a trial; they travel to its process as JSON. */
export type TrialSettings = Readonly<Record<string, string | number | boolean>>;

/** A module that `runTrial` loads in a process of its own. */
export interface TrialModule {
  readonly measure: (settings: TrialSettings) => TrialResult | Promise<TrialResult>;
}

/** Reads a setting that the trial cannot do without. */
export function numberSetting(settings: TrialSettings, name: string): number {
  const value = settings[name];
  if (typeof value !== 'number') throw new TypeError(`The trial needs a number \`${name}\``);
  return value;
}

/** Reads a setting that the trial cannot do without. */
export function stringSetting(settings: TrialSettings, name: string): string {
  const value = settings[name];
  if (typeof value !== 'string') throw new TypeError(`The trial needs a text \`${name}\``);
  return value;
}
