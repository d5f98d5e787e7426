-- id: view/idle-ranks
-- view: idle_ranks
-- description: of attached ranks: how much longer their calling threads slept outside of NCCL and CUDA, and ran, than those of the others
-- The others' mean is taken over the same time.
SELECT w.rank AS rank, w.away_s AS away_s, k.seen_s AS seen_s,
       (SELECT avg(o.away_s / ok.seen_s) * k.seen_s FROM kernel_waits o JOIN kernel_ranks ok ON ok.rank = o.rank
        WHERE o.rank <> w.rank AND ok.seen_s > 0) AS normal_away_s,
       w.away_s - (SELECT avg(o.away_s / ok.seen_s) * k.seen_s FROM kernel_waits o JOIN kernel_ranks ok ON ok.rank = o.rank
                   WHERE o.rank <> w.rank AND ok.seen_s > 0) AS away_more_s,
       k.cpu_s - (SELECT avg(ok.cpu_s / ok.seen_s) * k.seen_s FROM kernel_ranks ok WHERE ok.rank <> w.rank AND ok.seen_s > 0) AS cpu_more_s
FROM kernel_waits w JOIN kernel_ranks k ON k.rank = w.rank
