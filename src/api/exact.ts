/** The keys of an object, or of any member of a union of objects. */
type Keys<T> = T extends unknown ? keyof T & string : never
/** The type of a key's value, in every member of a union that has the key. */
type Under<T, K extends string> = T extends unknown ? (K extends keyof T ? T[K] : never) : never
type List = readonly unknown[]

/** The plain values of a union (text, numbers, booleans, null, undefined); its lists; its other objects. */
type Plain<T> = Exclude<T, object>
type Lists<T> = Extract<T, List>
type Objects<T> = Exclude<Extract<T, object>, List>

/** Whether two types are identical; identical types are not compared field by field, so a recursive type ends here. */
type Identical<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false
type IsNever<T> = [T] extends [never] ? true : false

/**
 * The differences between a value's type (`Given`) and its schema's type (`Said`), as sentences that name the place; `never`
 * when there are none. Fields are compared by name and by whether they may be absent, on every level, in both directions, so
 * that neither the schema nor the value has a field that the other lacks. `readonly` makes no difference, and a schema that
 * says `unknown` leaves the value open.
 */
export type Differences<Given, Said, At extends string = "answer"> = unknown extends Said
  ? never
  : Identical<Given, Said> extends true
    ? never
    :
        | (Same<Plain<Given>, Plain<Said>> extends true ? never : `${At}: not the plain values that the schema says`)
        | InLists<Lists<Given>, Lists<Said>, At>
        | InObjects<Objects<Given>, Objects<Said>, At>

type InLists<Given extends List, Said extends List, At extends string> =
  Same<IsNever<Given>, IsNever<Said>> extends true
    ? IsNever<Given> extends true
      ? never
      : Differences<Given[number], Said[number], `${At}[]`>
    : `${At}: a list here, none there`

type InObjects<Given, Said, At extends string> =
  Same<IsNever<Given>, IsNever<Said>> extends true ? (IsNever<Given> extends true ? never : InFields<Given, Said, At>) : `${At}: an object here, none there`

type InFields<Given, Said, At extends string> =
  string extends Keys<Said>
    ? // A map with any names: the type of each value is compared with the one type that the schema has for all.
      { [K in Keys<Given>]: Differences<Under<Given, K>, Under<Said, string>, `${At}.${K}`> }[Keys<Given>]
    :
        | { [K in Keys<Given>]: K extends Keys<Said> ? Differences<Under<Given, K>, Under<Said, K>, `${At}.${K}`> : `the schema lacks ${At}.${K}` }[Keys<Given>]
        | { [K in Keys<Said>]: K extends Keys<Given> ? never : `nothing gives ${At}.${K}` }[Keys<Said>]
