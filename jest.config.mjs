import { preset } from './jest.preset.mjs';

const anySpec = '\\.spec\\.ts$';
const onStack = '\\.(int|fault)\\.spec\\.ts$';

const stack = {
  globalSetup: '<rootDir>/libs/testing/jest/global-setup.mjs',
  globalTeardown: '<rootDir>/libs/testing/jest/global-teardown.mjs',
};

export default {
  // Integration specs wait for brokers and databases; each wait has a shorter deadline of its own.
  testTimeout: 60_000,
  maxWorkers: 2,
  projects: [
    { ...preset, displayName: 'unit', testRegex: anySpec, testPathIgnorePatterns: [onStack] },
    { ...preset, ...stack, displayName: 'int', testRegex: '\\.int\\.spec\\.ts$' },
    { ...preset, ...stack, displayName: 'fault', testRegex: '\\.fault\\.spec\\.ts$' },
  ],
};
