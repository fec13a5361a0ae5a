;; Flushes twice, a key twice in one message, a deletion, a last key without a value, unknown fields, and reads all of it back in
;; the next block: what the host makes of unusual but valid messages.
(module
  (import "env" "__host_len" (func $host_len (result i32)))
  (import "env" "__load_input" (func $load_input (param i32)))
  (import "env" "__get_len" (func $get_len (param i32) (result i32)))
  (import "env" "__get" (func $get (param i32 i32)))
  (import "env" "__flush" (func $flush (param i32)))
  (import "env" "__never" (func $never (param i32)))
  (memory (export "memory") 16)

  ;; Keys with their lengths before them.
  (data (i32.const 0x100) "\01\00\00\00a")
  (data (i32.const 0x110) "\01\00\00\00b")
  (data (i32.const 0x120) "\00\00\00\00")
  ;; a=1, a=22, b=(empty), odd key; with an unknown number (field 2) and unknown bytes (field 3) in between.
  (data (i32.const 0x200) "\1c\00\00\00\0a\01a\0a\011\10\96\01\0a\01a\1a\02zz\0a\0222\0a\01b\0a\00\0a\01c")
  ;; b=333, and the key of no bytes.
  (data (i32.const 0x300) "\0f\00\00\00\0a\01b\0a\03333\0a\00\0a\03nil")
  ;; d -> what was read of the block before: sixteen bytes.
  (data (i32.const 0x400) "\15\00\00\00\0a\01d\0a\10")

  (func $copy (param $key i32) (param $to i32)
    (if (i32.le_u (call $get_len (local.get $key)) (i32.const 4))
      (then (call $get (local.get $key) (local.get $to)))))

  (func (export "_start")
    (call $load_input (i32.const 0x1000))
    (call $copy (i32.const 0x104) (i32.const 0x409))
    (call $copy (i32.const 0x114) (i32.const 0x40d))
    (call $copy (i32.const 0x124) (i32.const 0x411))
    (i32.store (i32.const 0x415) (i32.load (i32.const 0x1000)))
    (call $flush (i32.const 0x204))
    (call $flush (i32.const 0x304))
    (call $flush (i32.const 0x404)))

  (func (export "pair") (result i32)
    (i32.store (i32.const 0x500) (call $get_len (i32.const 0x114)))
    (call $get (i32.const 0x114) (i32.const 0x504))
    (i32.const 0x504)))
