export { crossing, declareFailpoints, failpoint, failpointNames, isArmed } from './failpoints.js';
export type { Crossing } from './failpoints.js';
export { parseFailpoint } from './parse.js';
export type { ArmedFailpoint, FailpointAction } from './parse.js';
