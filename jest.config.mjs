import { preset } from './jest.preset.mjs';

const anySpec = '\\.spec\\.ts$';
const onStack = '\\.(int|fault)\\.spec\\.ts$';

export default {
  projects: [
    { ...preset, displayName: 'unit', testRegex: anySpec, testPathIgnorePatterns: [onStack] },
    { ...preset, displayName: 'int', testRegex: '\\.int\\.spec\\.ts$' },
    { ...preset, displayName: 'fault', testRegex: '\\.fault\\.spec\\.ts$' },
  ],
};
