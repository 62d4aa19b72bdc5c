// Part of the bundle: without the addon every limit is kept by `node:vm`. See src/strategy/late-part.ts.
import { nativeRefusal } from '../../dist/strategy/native-strategy.js';
import { late } from './late-loader.js';

if (nativeRefusal !== undefined) late();
