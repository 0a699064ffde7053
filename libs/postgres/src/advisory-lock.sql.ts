export const ADVISORY_LOCK = {
  take: `select pg_try_advisory_lock(hashtextextended($1, 0)) as locked`,
  release: `select pg_advisory_unlock(hashtextextended($1, 0))`,
};
