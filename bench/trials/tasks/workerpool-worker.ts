// The program of workerpool's workers, with the same tasks.
import workerpool from 'workerpool';
import { echo, spin } from './pool-tasks.js';

workerpool.worker({ echo, spin });
