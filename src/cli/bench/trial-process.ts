// Entry of the process that runs one trial: `node trial-process.js MODULE-URL SETTINGS-JSON`. The answer is one JSON text
// on standard output.
import { hasErrorCode } from '../../errors/error-name.js';
import type { TrialModule, TrialRefusal, TrialResult, TrialSettings } from './trial.js';
import { UnavailableError } from './unavailable-error.js';

const [moduleUrl, settingsText] = process.argv.slice(2);
if (moduleUrl === undefined || settingsText === undefined) {
  throw new TypeError('Expected the URL of a trial and its settings');
}

const { measure } = (await import(moduleUrl)) as TrialModule;
process.stdout.write(JSON.stringify(await outcome(JSON.parse(settingsText) as TrialSettings)));

async function outcome(settings: TrialSettings): Promise<TrialResult | TrialRefusal> {
  try {
    return await measure(settings);
  } catch (error) {
    if (cannotTakePart(error)) return { unavailable: error.message };
    throw error;
  }
}

function cannotTakePart(error: unknown): error is Error {
  return (
    error instanceof UnavailableError || hasErrorCode(error, 'ERR_HARDSTOP_STRATEGY_UNAVAILABLE')
  );
}
