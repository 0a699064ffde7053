export { followFiles } from './follow-files.js';
export type { Followed, FollowOptions, Texts } from './follow-files.js';
export { textIn } from './look.js';
export type { Look } from './look.js';
