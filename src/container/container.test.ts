import { describe, expect, it } from 'vitest'
import { ResolutionError } from '../kernel/errors.ts'
import { Container } from './container.ts'
import { provide, Token } from './token.ts'

interface Part {
  readonly name: string
  readonly below: unknown[]
}

const A = new Token<Part>('a')
const B = new Token<Part>('b')
const C = new Token<Part>('c')
const SLOW = new Token<Promise<Part>>('slow')

/** Yields to everything that can go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function messageOf(fn: () => unknown): string {
  try {
    fn()
  } catch (error) {
    expect(error).toBeInstanceOf(ResolutionError)
    return (error as Error).message
  }
  throw new Error('It did not throw.')
}

describe('lifetimes', () => {
  it('builds a singleton once, when it is first asked for', () => {
    const container = new Container()
    let built = 0
    container.addSingleton(A, () => ({ name: `a${++built}`, below: [] }))
    expect(built).toBe(0)
    expect(container.resolve(A)).toBe(container.resolve(A))
    expect(built).toBe(1)
  })

  it('keeps a singleton that is undefined', () => {
    const container = new Container()
    const NOTHING = new Token<undefined>('nothing')
    let built = 0
    container.addSingleton(NOTHING, () => void built++)
    container.resolve(NOTHING)
    container.resolve(NOTHING)
    expect(built).toBe(1)
  })

  it('builds a transient for everyone who asks', () => {
    const container = new Container()
    let built = 0
    container.addTransient(A, () => ({ name: `a${++built}`, below: [] }))
    container.addSingleton(B, (resolver) => ({
      name: 'b',
      below: [resolver.resolve(A), resolver.resolve(A)],
    }))
    expect(container.resolve(A)).not.toBe(container.resolve(A))
    const [first, second] = container.resolve(B).below
    expect(first).not.toBe(second)
    expect(built).toBe(4)
  })

  it('answers with a value as it is, and does not end it', async () => {
    const container = new Container()
    const disposable = { [Symbol.dispose]: () => expect.unreachable('not ours to end') }
    const VALUE = new Token<Disposable>('value')
    container.addValue(VALUE, disposable)
    expect(container.resolve(VALUE)).toBe(disposable)
    expect(container.resolve(VALUE, [provide(A, { name: 'a', below: [] })])).toBe(disposable)
    await container.close()
  })

  it('shares one instance within a request, and none between requests', async () => {
    const container = new Container()
    container.addPerRequest(A, () => ({ name: 'a', below: [] }))
    container.addPerRequest(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    await using one = container.beginRequest()
    await using other = container.beginRequest()
    expect(one.resolve(B)).toBe(one.resolve(B))
    expect(one.resolve(B).below[0]).toBe(one.resolve(A))
    expect(one.resolve(A)).not.toBe(other.resolve(A))
  })

  it('shares singletons between requests, even those that a request was the first to ask for', async () => {
    const container = new Container()
    container.addSingleton(A, () => ({ name: 'a', below: [] }))
    const one = container.beginRequest()
    const instance = one.resolve(A)
    await one.end()
    expect(container.beginRequest().resolve(A)).toBe(instance)
    expect(container.resolve(A)).toBe(instance)
  })

  it('gives a transient of a request the parts of that request', () => {
    const container = new Container()
    container.addPerRequest(A, () => ({ name: 'a', below: [] }))
    container.addTransient(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    const request = container.beginRequest()
    expect(request.resolve(B).below[0]).toBe(request.resolve(A))
  })

  it('refuses a second part for one token', () => {
    const container = new Container()
    container.addSingleton(A, () => ({ name: 'a', below: [] }))
    expect(messageOf(() => container.addValue(A, { name: 'another', below: [] }))).toContain(
      '"a" is registered already',
    )
  })
})

describe('requests', () => {
  const PRINCIPAL = new Token<string>('principal')

  it('have what they were given', () => {
    const container = new Container()
    container.addPerRequest(PRINCIPAL)
    container.addPerRequest(A, (resolver) => ({ name: resolver.resolve(PRINCIPAL), below: [] }))
    const ada = container.beginRequest([provide(PRINCIPAL, 'ada')])
    const bob = container.beginRequest([provide(PRINCIPAL, 'bob')])
    expect(ada.resolve(A).name).toBe('ada')
    expect(bob.resolve(A).name).toBe('bob')
  })

  it('put what they were given before the factory', () => {
    const container = new Container()
    container.addPerRequest(PRINCIPAL, () => 'nobody')
    expect(container.beginRequest().resolve(PRINCIPAL)).toBe('nobody')
    expect(container.beginRequest([provide(PRINCIPAL, 'ada')]).resolve(PRINCIPAL)).toBe('ada')
  })

  it('say what they should have been given', () => {
    const container = new Container()
    container.addPerRequest(PRINCIPAL)
    container.addPerRequest(A, (resolver) => ({ name: resolver.resolve(PRINCIPAL), below: [] }))
    expect(messageOf(() => container.beginRequest().resolve(A))).toBe(
      '"principal" is given with each request, and this one began without it. Path: a → principal',
    )
  })

  it('are given only what is registered per request', () => {
    const container = new Container()
    container.addSingleton(A, () => ({ name: 'a', below: [] }))
    for (const given of [provide(A, { name: 'mine', below: [] }), provide(PRINCIPAL, 'ada')])
      expect(messageOf(() => container.beginRequest([given]))).toContain(
        'not registered with addPerRequest()',
      )
  })

  it('do not end what they were given', async () => {
    const container = new Container()
    const CONNECTION = new Token<Disposable>('connection')
    container.addPerRequest(CONNECTION)
    const connection = { [Symbol.dispose]: () => expect.unreachable('not ours to end') }
    await container.beginRequest([provide(CONNECTION, connection)]).end()
  })

  it('know nothing any more once they have ended', async () => {
    const container = new Container()
    container.addSingleton(A, () => ({ name: 'a', below: [] }))
    const request = container.beginRequest()
    expect(request.hasEnded).toBe(false)
    const end = request.end()
    expect(request.hasEnded).toBe(true)
    expect(request.end()).toBe(end)
    await end
    expect(messageOf(() => request.resolve(A))).toContain('the request has ended')
  })

  it('are found by what runs inside them, and by nothing else', async () => {
    const container = new Container()
    container.addPerRequest(PRINCIPAL)
    const seen: string[] = []
    const look = async (): Promise<void> => {
      await settle()
      seen.push(container.resolve(PRINCIPAL))
    }
    await Promise.all([
      container.runInRequest(look, [provide(PRINCIPAL, 'ada')]),
      container.runInRequest(look, [provide(PRINCIPAL, 'bob')]),
    ])
    expect(seen).toEqual(['ada', 'bob'])
    expect(messageOf(() => container.resolve(PRINCIPAL))).toContain('there is none here')
  })

  it('answer with what the function answers, and are over by then', async () => {
    const container = new Container()
    let scope: { hasEnded: boolean } | undefined
    const result = await container.runInRequest((request) => {
      scope = request
      return 42
    })
    expect(result).toBe(42)
    expect(scope?.hasEnded).toBe(true)
  })

  it('are lost by what outlives them', async () => {
    const container = new Container()
    container.addPerRequest(PRINCIPAL, () => 'ada')
    let late: Promise<string> | undefined
    await container.runInRequest(() => {
      late = settle().then(() => messageOf(() => container.resolve(PRINCIPAL)))
    })
    expect(await late).toContain('the request has ended')
  })

  it('end after a failure, which is passed on; with a failing end, both are', async () => {
    const container = new Container()
    const ended: string[] = []
    container.addPerRequest(A, () => ({ name: 'a', below: [] }), { dispose: () => ended.push('a') })
    container.addPerRequest(B, () => ({ name: 'b', below: [] }), {
      dispose: () => {
        throw new Error('b does not end')
      },
    })
    const failure = new Error('handler')
    const failing = (token: Token<Part>) =>
      container.runInRequest((request) => {
        request.resolve(token)
        throw failure
      })
    await expect(failing(A)).rejects.toBe(failure)
    expect(ended).toEqual(['a'])
    await expect(failing(B)).rejects.toMatchObject({ errors: [failure, new Error('b does not end')] })
    await expect(container.runInRequest((request) => void request.resolve(B))).rejects.toThrow('does not end')
  })
})

describe('asynchronous factories', () => {
  it('run once for all who ask meanwhile', async () => {
    const container = new Container()
    let built = 0
    container.addSingleton(SLOW, async () => {
      await settle()
      return { name: `slow${++built}`, below: [] }
    })
    const [one, other] = await Promise.all([container.resolve(SLOW), container.resolve(SLOW)])
    expect(one).toBe(other)
    expect(await container.resolve(SLOW)).toBe(one)
    expect(built).toBe(1)
  })

  it('are forgotten when they fail, before anybody hears of it', async () => {
    const container = new Container()
    let tries = 0
    container.addSingleton(SLOW, async () => {
      await settle()
      if (++tries === 1) throw new Error('not yet')
      return { name: 'slow', below: [] }
    })
    const again = container.resolve(SLOW).catch(() => container.resolve(SLOW))
    await expect(container.resolve(SLOW)).rejects.toThrow('not yet')
    expect((await again).name).toBe('slow')
    expect(tries).toBe(2)
  })

  it('are forgotten when a synchronous one throws', () => {
    const container = new Container()
    let tries = 0
    container.addSingleton(A, () => {
      if (++tries === 1) throw new Error('not yet')
      return { name: 'a', below: [] }
    })
    expect(() => container.resolve(A)).toThrow('not yet')
    expect(container.resolve(A).name).toBe('a')
  })

  it('can depend on each other', async () => {
    const container = new Container()
    const TOP = new Token<Promise<Part>>('top')
    container.addSingleton(SLOW, async () => {
      await settle()
      return { name: 'slow', below: [] }
    })
    container.addSingleton(TOP, async (resolver) => ({ name: 'top', below: [await resolver.resolve(SLOW)] }))
    const top = await container.resolve(TOP)
    expect(top.below).toEqual([await container.resolve(SLOW)])
  })

  it('that are under way when the container closes come to their end, and are ended', async () => {
    const container = new Container()
    const events: string[] = []
    container.addSingleton(A, () => ({ name: 'a', below: [] }), { dispose: () => events.push('a ended') })
    container.addSingleton(
      SLOW,
      async (resolver) => {
        await settle()
        const below = [resolver.resolve(A)]
        events.push('built')
        return { name: 'slow', below }
      },
      { dispose: ({ name }) => events.push(`${name} ended`) },
    )
    const slow = container.resolve(SLOW)
    const close = container.close()
    expect(messageOf(() => container.resolve(A))).toContain('the container has ended')
    expect((await slow).name).toBe('slow')
    await close
    expect(events).toEqual(['built', 'slow ended', 'a ended'])
  })
})

describe('overrides', () => {
  it('reach the part itself and its transients, and are not kept', () => {
    const container = new Container()
    const real = { name: 'real', below: [] }
    const fake = { name: 'fake', below: [] }
    container.addSingleton(A, () => real)
    container.addTransient(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    container.addSingleton(C, (resolver) => ({
      name: 'c',
      below: [resolver.resolve(A), resolver.resolve(B)],
    }))
    const overridden = container.resolve(C, [provide(A, fake)])
    expect(overridden.below).toEqual([fake, { name: 'b', below: [fake] }])
    expect(container.resolve(C).below).toEqual([real, { name: 'b', below: [real] }])
    expect(container.resolve(C, [])).toBe(container.resolve(C))
    expect(container.resolve(A)).toBe(real)
  })

  it('do not reach what is shared', () => {
    const container = new Container()
    const real = { name: 'real', below: [] }
    container.addSingleton(A, () => real)
    container.addSingleton(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    container.addSingleton(C, (resolver) => ({ name: 'c', below: [resolver.resolve(B)] }))
    const overridden = container.resolve(C, [provide(A, { name: 'fake', below: [] })])
    expect((overridden.below[0] as Part).below[0]).toBe(real)
    expect(overridden.below[0]).toBe(container.resolve(B))
  })

  it('leave what they built to the caller', async () => {
    const container = new Container()
    container.addSingleton(A, () => ({ name: 'a', below: [] }), {
      dispose: () => expect.unreachable('not kept'),
    })
    container.resolve(A, [provide(B, { name: 'b', below: [] })])
    await container.close()
  })

  it('of a request see the request; of a singleton they do not', () => {
    const container = new Container()
    container.addPerRequest(A, () => ({ name: 'a', below: [] }))
    container.addPerRequest(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    container.addSingleton(C, (resolver) => ({ name: 'c', below: [resolver.resolve(A)] }))
    const request = container.beginRequest()
    const unused = [provide(SLOW, Promise.resolve({ name: 'slow', below: [] }))]
    expect(request.resolve(B, unused).below[0]).toBe(request.resolve(A))
    expect(request.resolve(B, unused)).not.toBe(request.resolve(B))
    expect(messageOf(() => request.resolve(C, unused))).toContain('the singleton "c"')
    expect(messageOf(() => container.resolve(B, unused))).toContain('there is none here')
  })

  it('are refused after the close', async () => {
    const container = new Container()
    container.addSingleton(A, () => ({ name: 'a', below: [] }))
    await container.close()
    expect(messageOf(() => container.resolve(A, [provide(B, { name: 'b', below: [] })]))).toContain('ended')
  })
})

describe('errors show the path', () => {
  it('of an unknown part, and what may be meant', () => {
    const container = new Container()
    const DATABASE = new Token<Part>('database')
    container.addSingleton(A, (resolver) => resolver.resolve(new Token<Part>('databse')))
    expect(messageOf(() => container.resolve(DATABASE))).toBe('"database" is not registered. Path: database')
    container.addValue(DATABASE, { name: 'db', below: [] })
    expect(messageOf(() => container.resolve(A))).toBe(
      '"databse" is not registered. Did you mean "database"? Path: a → databse',
    )
    expect(messageOf(() => container.resolve(new Token('database')))).toContain(
      'Another token of that name is',
    )
  })

  it('of a cycle, from what was asked for', () => {
    const container = new Container()
    container.addSingleton(C, (resolver) => ({ name: 'c', below: [resolver.resolve(A)] }))
    container.addSingleton(A, (resolver) => ({ name: 'a', below: [resolver.resolve(B)] }))
    container.addSingleton(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    const cycle = '"a" depends on itself. Path: c → a → b → a'
    expect(messageOf(() => container.resolve(C))).toBe(cycle)
    // Nothing of it is kept.
    expect(messageOf(() => container.resolve(C))).toBe(cycle)
  })

  it('of a cycle of transients', () => {
    const container = new Container()
    container.addTransient(A, (resolver) => ({ name: 'a', below: [resolver.resolve(B)] }))
    container.addTransient(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    expect(messageOf(() => container.resolve(A))).toBe('"a" depends on itself. Path: a → b → a')
  })

  it('of a cycle through a container that a factory closed over', () => {
    const container = new Container()
    container.addSingleton(A, () => ({ name: 'a', below: [container.resolve(A)] }))
    expect(messageOf(() => container.resolve(A))).toBe('"a" depends on itself. Path: a → a')
  })

  it('of a cycle across awaits', async () => {
    const container = new Container()
    const OTHER = new Token<Promise<Part>>('other')
    container.addSingleton(SLOW, async (resolver) => {
      await settle()
      return { name: 'slow', below: [await resolver.resolve(OTHER)] }
    })
    container.addSingleton(OTHER, async (resolver) => {
      await settle()
      return { name: 'other', below: [await resolver.resolve(SLOW)] }
    })
    await expect(container.resolve(SLOW)).rejects.toThrow(
      '"slow" depends on itself. Path: slow → other → slow',
    )
  })

  it('of a cycle of two that were started apart', async () => {
    const container = new Container()
    const OTHER = new Token<Promise<Part>>('other')
    container.addSingleton(SLOW, async (resolver) => {
      await settle()
      return { name: 'slow', below: [await resolver.resolve(OTHER)] }
    })
    container.addSingleton(OTHER, async (resolver) => {
      await settle()
      return { name: 'other', below: [await resolver.resolve(SLOW)] }
    })
    const [slow, other] = await Promise.allSettled([container.resolve(SLOW), container.resolve(OTHER)])
    const reasons = [slow, other].map((outcome) => outcome.status === 'rejected' && String(outcome.reason))
    expect(reasons[0]).toContain('depends on itself. Path: slow → other → slow')
    expect(reasons[1]).toContain('depends on itself')
  })

  it('but not where two only wait for the same third', async () => {
    const container = new Container()
    const LEFT = new Token<Promise<Part>>('left')
    const RIGHT = new Token<Promise<Part>>('right')
    const TOP = new Token<Promise<Part[]>>('top')
    container.addSingleton(SLOW, async () => {
      await settle()
      return { name: 'slow', below: [] }
    })
    for (const side of [LEFT, RIGHT])
      container.addSingleton(side, async (resolver) => ({
        name: side.name,
        below: [await resolver.resolve(SLOW)],
      }))
    container.addSingleton(TOP, (resolver) => Promise.all([resolver.resolve(LEFT), resolver.resolve(RIGHT)]))
    const [left, right] = await container.resolve(TOP)
    expect(left?.below[0]).toBe(right?.below[0])
  })

  it('of a lifetime leak, through a transient too', () => {
    const container = new Container()
    container.addPerRequest(A, () => ({ name: 'a', below: [] }))
    container.addTransient(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    container.addSingleton(C, (resolver) => ({ name: 'c', below: [resolver.resolve(B)] }))
    const leak =
      '"a" lives as long as one request, and the singleton "c" would keep it beyond its end. Path: c → b → a'
    expect(messageOf(() => container.resolve(C))).toBe(leak)
    expect(messageOf(() => container.beginRequest().resolve(C))).toBe(leak)
  })

  it('of a missing request', () => {
    const container = new Container()
    container.addPerRequest(A, () => ({ name: 'a', below: [] }))
    container.addTransient(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    expect(messageOf(() => container.resolve(B))).toBe(
      '"a" lives as long as one request, and there is none here: ' +
        'resolve it from beginRequest() or inside runInRequest(). Path: b → a',
    )
  })

  it('but what a factory throws is passed on as it is', () => {
    const container = new Container()
    const failure = new Error('no disk')
    container.addSingleton(A, () => {
      throw failure
    })
    container.addSingleton(B, (resolver) => resolver.resolve(A))
    expect(() => container.resolve(B)).toThrow(failure)
  })
})

describe('the end', () => {
  const ended: string[] = []
  const part = (name: string) => () => ({ name, below: [] })
  const note = (instance: Part): void => void ended.push(instance.name)

  it('comes in reverse of construction, requests and children first', async () => {
    ended.length = 0
    const container = new Container()
    container.addSingleton(A, part('a'), { dispose: note })
    container.addSingleton(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }), { dispose: note })
    container.addPerRequest(C, part('c of a request'), { dispose: note })
    const child = container.createChild()
    child.addSingleton(SLOW, () => Promise.resolve({ name: 'slow of the child', below: [] }), {
      dispose: note,
    })
    await child.resolve(SLOW)
    container.beginRequest().resolve(C)
    container.resolve(B)
    await container.close()
    expect(ended).toEqual(['c of a request', 'slow of the child', 'b', 'a'])
    await container.close()
    expect(ended).toHaveLength(4)
  })

  it('uses the instance’s own disposal where there is no other', async () => {
    ended.length = 0
    const container = new Container()
    const tokens = ['sync', 'async', 'both', 'none'].map((name) => new Token<object>(name))
    const dispose = { [Symbol.dispose]: () => void ended.push('sync') }
    const asyncDispose = {
      [Symbol.asyncDispose]: async () => {
        await settle()
        ended.push('async')
      },
    }
    const instances = [dispose, asyncDispose, { ...dispose, ...asyncDispose }, {}]
    for (const [index, token] of tokens.entries()) {
      container.addSingleton(token, () => instances[index] as object)
      container.resolve(token)
    }
    await container.close()
    expect(ended).toEqual(['async', 'async', 'sync'])
  })

  it('goes on after failures and gathers them', async () => {
    ended.length = 0
    const container = new Container()
    const failing = (name: string) => (): Promise<never> => Promise.reject(new Error(`${name} does not end`))
    container.addSingleton(A, part('a'), { dispose: failing('a') })
    container.addSingleton(B, part('b'), { dispose: note })
    container.addSingleton(C, part('c'), { dispose: failing('c') })
    for (const token of [A, B, C]) container.resolve(token)
    await expect(container.close()).rejects.toMatchObject({
      errors: [new Error('c does not end'), new Error('a does not end')],
    })
    expect(ended).toEqual(['b'])
  })

  it('leaves out what failed to be built, and what was never asked for', async () => {
    const container = new Container()
    const never = { dispose: () => expect.unreachable('there is nothing to end') }
    container.addSingleton(A, part('a'), never)
    container.addSingleton(SLOW, () => Promise.reject(new Error('not built')), never)
    await expect(container.resolve(SLOW)).rejects.toThrow('not built')
    await container.close()
  })

  it('lets nothing begin afterwards', async () => {
    const container = new Container()
    container.addSingleton(A, part('a'))
    container.resolve(A)
    await container.close()
    expect(messageOf(() => container.resolve(A))).toBe(
      '"a" cannot be resolved: the container has ended. Path: a',
    )
    expect(messageOf(() => container.beginRequest())).toContain('closed')
    expect(messageOf(() => container.createChild())).toContain('closed')
    await expect(container.runInRequest(() => {})).rejects.toThrow(ResolutionError)
  })

  it('has begun for those outside while requests still end, but not for what those need', async () => {
    const container = new Container()
    const built: string[] = []
    container.addSingleton(
      A,
      () => {
        built.push('a')
        return { name: 'a', below: [] }
      },
      { dispose: note },
    )
    container.addPerRequest(SLOW, async (resolver) => {
      await settle()
      return { name: 'slow', below: [resolver.resolve(A)] }
    })
    ended.length = 0
    const slow = container.beginRequest().resolve(SLOW)
    const close = container.close()
    await Promise.resolve()
    expect(messageOf(() => container.resolve(A))).toContain('the container has ended')
    expect(built).toEqual([])
    expect((await slow).below).toHaveLength(1)
    await close
    expect(ended).toEqual(['a'])
  })

  it('holds for a resolver that a part kept', async () => {
    const container = new Container()
    const LAZY = new Token<() => Part>('lazy')
    container.addSingleton(A, part('a'))
    container.addSingleton(LAZY, (resolver) => () => resolver.resolve(A))
    const lazy = container.resolve(LAZY)
    expect(lazy()).toBe(container.resolve(A))
    await container.close()
    expect(messageOf(lazy)).toContain('the container has ended')
  })

  it('of a request waits for its factories', async () => {
    ended.length = 0
    const container = new Container()
    container.addPerRequest(
      SLOW,
      async () => {
        await settle()
        return { name: 'slow', below: [] }
      },
      { dispose: note },
    )
    const request = container.beginRequest()
    void request.resolve(SLOW)
    await request.end()
    expect(ended).toEqual(['slow'])
  })
})

describe('a child container', () => {
  it('knows what its parent knows, and can replace it for the whole graph', () => {
    const parent = new Container()
    const fake = { name: 'fake', below: [] }
    parent.addSingleton(A, () => ({ name: 'real', below: [] }))
    parent.addSingleton(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    const child = parent.createChild()
    child.addValue(A, fake)
    expect(child.resolve(B).below[0]).toBe(fake)
    expect(parent.resolve(B).below[0]).toMatchObject({ name: 'real' })
    expect(messageOf(() => parent.createChild().resolve(new Token('realy')))).toContain('not registered')
  })

  it('has requests of its own', () => {
    const parent = new Container()
    parent.addPerRequest(A, () => ({ name: 'a', below: [] }))
    const child = parent.createChild()
    child.addPerRequest(B, (resolver) => ({ name: 'b', below: [resolver.resolve(A)] }))
    const request = child.beginRequest()
    expect(request.resolve(B).below[0]).toBe(request.resolve(A))
  })

  it('leaves its parent when it is closed', async () => {
    const parent = new Container()
    const child = parent.createChild()
    child.addSingleton(A, () => ({ name: 'a', below: [] }), {
      dispose: () => Promise.reject(new Error('once')),
    })
    child.resolve(A)
    await expect(child.close()).rejects.toThrow('once')
    await parent.close()
  })
})
