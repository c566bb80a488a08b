import { describe, expect, it } from "vitest"
import { headerOf } from "./header.ts"

const records = (text: string, delimiter = ",") => text.split("\n").map((line) => line.split(delimiter).map((cell) => (cell === "" ? null : cell)))

describe("a first record is the header", () => {
  it.each([
    ["years above amounts", "region,2023,2024\nEMEA,10,20\nAPAC,5,6"],
    ["nothing but years above amounts", "2022,2023,2024\n10,20,30\n5,6,7"],
    ["a single year above amounts", "region,2023\nEMEA,10\nAPAC,5"],
    ["consecutive years above other years", "region,2022,2023,2024\nEMEA,1999,2010,2001\nAPAC,2020,1998,1997"],
    ["every second year above amounts", "region,2020,2022\nEMEA,10,20\nAPAC,5,6"],
    ["dates above amounts", "region,2024-01-31,2024-02-29\nEMEA,1.5,20\nAPAC,5,6"],
    ["local dates above amounts", "region;31.01.2024;29.02.2024\nEMEA;10;20\nAPAC;5;6"],
    ["months above amounts", "region,2024-01,2024-02\nEMEA,10,20"],
    ["true and false above amounts", "answer,true,false\nQ1,10,20\nQ2,5,6"],
    ["true among names above numbers", "id,true,total\n1,x,5\n2,y,6"],
    ["numbers from 0 above texts and amounts", "name,0,1,2\na,5,9,x\nb,7,8,y"],
    ["addresses above amounts", "question,ann@example.com,bo@example.com\nQ1,5,3\nQ2,4,2"],
    ["a name above prices", "article,price\nbolt,$5\nnut,$7"],
    ["a name above dates in a local spelling", "who,day\nAda,31.01.2024\nBo,28.02.2024"],
    ["a repeated name above numbers", "x,x\n1,2\n3,4"],
    ["names above n/a", "id,total\n1,n/a\n2,-"],
  ])("%s", (_, text) => {
    expect(headerOf(records(text, text.includes(";") ? ";" : ",")).header).toBe(true)
  })
})

describe("a first record is a row", () => {
  it.each([
    ["leading zeros and local dates", "00123,01/31/2024\n00124,02/28/2024\n00125,03/31/2024"],
    ["IP addresses", "10.0.0.1,alpha\n10.0.0.2,beta\n10.0.0.3,gamma"],
    ["IPv6 addresses", "2001:db8::1,alpha\n2001:db8::2,beta"],
    ["e-mail addresses", "ann@example.com,Ann\nbo@example.com,Bo"],
    ["UUIDs", "8d8ac610-566d-4ef0-9c22-186b2a5ed793,a\n16fd2706-8baf-433b-82eb-8c7fada847da,b"],
    ["URLs", "https://a.example/x,a\nhttps://b.example/y,b"],
    ["decimal commas and thousands", "a;-21.419,06\nb;1.234,50\nc;17,00"],
    ["thousands", "a;1,234\nb;5,678"],
    ["prices", "bolt,$5\nnut,$7"],
    ["percentages", "bolt,5 %\nnut,7.5%"],
    ["amounts with a currency's code", "bolt,EUR 5.00\nnut,EUR 7.00"],
    ["telephone numbers", "Ann,+49 30 1234567\nBo,+1 (415) 555-0100"],
    ["times", "12:30,a\n13:45,b"],
    ["hashes", "d41d8cd98f00b204e9800998ecf8427e,a\n0cc175b9c0f1b6a831c399e269772661,b"],
    ["codes of the same form", "AB-123,red\nCD-456,green\nEF-789,blue"],
    ["a value that occurs again in its column", "red,apple\nblue,sky\nred,brick"],
    ["years above years in no order", "EMEA,2019\nAPAC,2021\nLATAM,2001"],
    ["numbers", "1,a\n2,b"],
    ["an address above texts", "ann@example.com,Ann\nunknown,Bo"],
  ])("%s", (_, text) => {
    expect(headerOf(records(text, text.includes(";") ? ";" : ",")).header).toBe(false)
  })
})

describe("a decision about the header is certain", () => {
  it.each([
    ["id,name\n1,Ada", true],
    ["1,Ada\n2,Bo", true],
    ["code,name\nA,Ada\nB,Bo", false],
    ["region,2023,2024\nEMEA,10,20", false],
    ["id,name", false],
    ["red,a\nred,b", false],
  ])("%j: %s", (text, certain) => {
    expect(headerOf(records(text)).certain).toBe(certain)
  })
})
