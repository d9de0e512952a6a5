-- release: gives an attempt back uncharged; `rank` is where it waits next, `failure` what is noted of it, if anything, `ran` as for close.
-- A task that must run alone goes on to: nothing was learned about it.
local function release(task, rank, failure, ran)
  if task.cancelRequested then return finish(task, 'cancelled', CANCELLED_RUNNING, ran) end
  remember(task, failure and cmsgpack.pack(failure), ran)
  requeue(task, task.rank == 'solo' and 'solo' or rank)
end
