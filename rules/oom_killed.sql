-- id: view/oom-killed
-- view: oom_killed
-- description: ranks that the OOM killer ended
SELECT k.rank, k.oom_kills, min(p.ended_s) AS ended_s FROM kernel_ranks k JOIN processes p ON p.rank = k.rank
WHERE k.oom_kills > 0 AND p.signal = 9 AND coalesce(p.ended_by_launcher, 0) = 0
GROUP BY k.rank, k.oom_kills
