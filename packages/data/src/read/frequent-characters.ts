/**
 * Characters of Chinese texts that are frequent: 400 of dialogues (CrossWOZ, KdConv) and encyclopedias (CMRC, XQuAD), counted, which are three
 * quarters of these texts, and those of customer service; in the order of their code points.
 */
const SIMPLIFIED =
  "一万三上下不与专且世业东两个中为主么之乐也书买了事二于五亚些京人什今从他付代以们价任优会但位住体何作你佳修做像元克入全公" +
  "兰共关其具内几出分利别到制券前剧力加务动包化北区十千华单南博卡厘原去及发口古只可台号司吃合同名后吗否吧听呀员呢周呵和品哈" +
  "哦哪售唱啊喜嗯嘿四因园国在地场址均坏型城士处外多大天太奖奥女她好如妈子字季学它安完定实客家密寸对导将小少尔就尺尼届展山岁" +
  "州工已市布师带帮常平年并广应店府度建开式张当录形影很得德心忙快性总您惠想意成我或户所手才找把抱拉换推提支收放政故教数文斯" +
  "新方无日时明星是景曲更最月有服朝期本术机条来林果查树校样根格棵次欢款歉歌正此每比民气水求没河法洲活海消清港游湾演点烦然片" +
  "物特王玩现班球理生用由电男登白的目相看真知码确票种科称立站第等算米类系红约级纪线组经绑给罗美老者而联能自至色艺节花英荐获" +
  "菜行街表被西要观角解计订议记设证评话询该语说请谁谢账货质费赛起路车辑边达过运近还这进退递通道那部都酒里重量金钟钱铁错长门" +
  "问间队附际院需非面音项颜风餐馆首香马验高鱼麻龙";
/** The same as written traditionally, where that is another character. */
const TRADITIONAL =
  "並亞來個們價優內兩別劇動務區員問喫單嗎國園場壞奧媽學實將專對導屆師帶幫幾廣張後從應戶換數於時書會東條業樂樣樹機歡歲氣沒灣" +
  "無煩爲爾獎獲現當發確碼種稱節紀約紅級組給綁經線總羅聯聽臺與華萬薦藝蘭處號術裏觀訂計記設評詢話該語說誰請謝證議貨買費質賬賽" +
  "車輯這進遊運過達遞還邊釐錄錢錯鍾鐵長門開間關隊際電項顏類風館馬驗體魚麼點龍";
/** Marks that East Asian texts have in full width. */
const MARKS = "，。、？！：；“”‘’（）《》「」『』【】…—·～￥";
/** The most frequent syllables of Korean. */
const HANGUL =
  "이다는을를가에의도로고하은지한서기사리니시어나자아그인라으있해대수정들일것만안과부제보주게면요세구습전여원문";

const kana = Array.from({ length: 0x30fa - 0x3041 }, (_, at) => String.fromCodePoint(0x3041 + at));

/** What texts of a language mostly consist of beyond ASCII. */
export const FREQUENT_CHARACTERS = {
  chinese: new Set(SIMPLIFIED + TRADITIONAL + MARKS),
  japanese: new Set([...kana, ...MARKS, "ー"]),
  korean: new Set(HANGUL),
} as const;
