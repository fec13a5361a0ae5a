;; Calls itself as deep as the first two bytes of its block say, times a thousand, and flushes nothing: how deep it may go is
;; for the counted depth to say, at the same call everywhere.
(module
  (import "env" "__load_input" (func $load_input (param i32)))
  (import "env" "__flush" (func $flush (param i32)))
  (memory (export "memory") 16)

  (func $down (param $left i32) (param $a i64) (param $b f64) (result i64)
    (local $c i64)
    (if (result i64) (i32.eqz (local.get $left))
      (then (local.get $a))
      (else
        (local.set $c (i64.mul (local.get $a) (i64.const 6364136223846793005)))
        (i64.add
          (call $down
            (i32.sub (local.get $left) (i32.const 1))
            (i64.add (local.get $c) (i64.const 1442695040888963407))
            (f64.add (local.get $b) (f64.const 1)))
          (local.get $c)))))

  (func (export "_start")
    (call $load_input (i32.const 16))
    (drop (call $down
      (i32.mul (i32.load16_u (i32.const 20)) (i32.const 1000))
      (i64.const 1)
      (f64.const 0)))
    (i32.store (i32.const 4) (i32.const 0))
    (call $flush (i32.const 8))))
