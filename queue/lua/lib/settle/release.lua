-- release: gives an attempt back uncharged; `rank` is where it waits next, `failure` what is noted of it, if anything. A task that
-- must run alone goes on to: nothing was learned about it.
local function release(task, rank, failure)
  if task.cancelRequested then return finish(task, 'cancelled', { 'CANCELLED', 'The task was cancelled while it ran.', '' }) end
  remember(task, failure and cmsgpack.pack(failure))
  requeue(task, task.rank == 'solo' and 'solo' or rank)
end
