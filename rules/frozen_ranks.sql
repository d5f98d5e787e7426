-- id: view/frozen-ranks
-- view: frozen_ranks
-- description: ranks that the freezer of their control group held when they were seen last
-- 1 s: shorter freezes belong to snapshots and checkpoints of containers.
SELECT * FROM kernel_ranks WHERE frozen = 1 AND frozen_s >= 1
