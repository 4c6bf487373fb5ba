// Ends this process at a place that a test has named, as `kill -9` would.

/**
 * Answers what is to be called at each named place. `after-append` ends the process there;
 * `after-append:3` does so the third time that it comes there.
 */
export function killAtPlace(place: string): (reached: string) => void {
  const [name, times = '1'] = place.split(':');
  let left = Number(times);
  return (reached) => {
    if (reached !== name) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
